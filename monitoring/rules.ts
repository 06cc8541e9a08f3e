import type { Config } from '../config/config.ts'
import { budgetAlerts } from './alerts/budgets.ts'
import { hostAlerts } from './alerts/host.ts'
import { ingestionAlerts } from './alerts/ingestion.ts'
import { modelAlerts } from './alerts/model.ts'
import { monitoringAlerts } from './alerts/monitoring.ts'
import { serviceAlerts } from './alerts/services.ts'
import { objectiveRecordings } from './objectives.ts'
import { requestRecordings } from './requests.ts'
import type { RuleFile, RuleGroup } from './rule-file.ts'

/**
 * All rules of a config, by the file they go into. Recordings stand before the alerts that read them.
 *
 * @returns name of the file without its ending → its groups; a file without groups is left out
 */
export function ruleFiles(config: Config): Record<string, RuleFile> {
  const files: Record<string, (RuleGroup | undefined)[]> = {
    services: [requestRecordings(config), serviceAlerts(config), ingestionAlerts(config), modelAlerts(config)],
    objectives: [objectiveRecordings(config), budgetAlerts(config)],
    host: [hostAlerts(config)],
    monitoring: [monitoringAlerts(config)],
  }
  return Object.fromEntries(
    Object.entries(files)
      .map(([name, groups]) => [name, { groups: groups.filter((group) => group !== undefined) }] as const)
      .filter(([, { groups }]) => groups.length > 0),
  )
}
