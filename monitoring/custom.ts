import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Config } from '../config/config.ts'
import { exit, Failure } from '../src/report/failure.ts'
import { syntaxProblem, withoutVariables } from './expression.ts'

/**
 * The rule files that a user has dropped into `monitoring/rules/` beside the config, checked: one that Prometheus
 * refuses would keep it from starting.
 *
 * @returns name of the file → text
 * @throws Failure (usage) that names the file and the rule
 */
export function customRules(config: Config): Record<string, string> {
  return filesIn(config, 'rules', /\.ya?ml$/, (text, refuse) => {
    const groups = (parse(text) as { groups?: unknown } | null)?.groups
    if (!Array.isArray(groups)) throw refuse('it has no list of groups')
    for (const { name, rules } of groups) {
      if (typeof name !== 'string' || !Array.isArray(rules)) throw refuse('each group needs a name and a list of rules')
      for (const rule of rules) {
        const called = rule?.alert ?? rule?.record
        if (typeof called !== 'string' || (rule.alert && rule.record))
          throw refuse(`a rule of the group "${name}" is neither an alert nor a record`)
        checkExpression(rule.expr, `the rule "${called}"`, refuse)
      }
    }
  })
}

/**
 * The dashboards that a user has dropped into `monitoring/dashboards/` beside the config, checked: Grafana skips a
 * broken one and says so in its log only.
 *
 * @param taken uids of the generated dashboards
 * @returns name of the file → text
 * @throws Failure (usage) that names the file and the panel
 */
export function customDashboards(config: Config, taken: readonly string[]): Record<string, string> {
  const uids = new Set(taken)
  return filesIn(config, 'dashboards', /\.json$/, (text, refuse) => {
    const { uid, title, panels } = JSON.parse(text) as { uid?: unknown; title?: unknown; panels?: unknown }
    if (typeof title !== 'string' || typeof uid !== 'string' || !Array.isArray(panels))
      throw refuse('a dashboard needs a title, a uid and panels')
    if (uids.has(uid)) throw refuse(`its uid "${uid}" is another dashboard's: Grafana would show one of the two`)
    uids.add(uid)
    for (const panel of panels.flatMap((panel) => [panel, ...(panel?.panels ?? [])])) {
      for (const { expr } of panel?.targets ?? []) {
        if (expr !== undefined) checkExpression(withoutVariables(String(expr)), `the panel "${panel.title}"`, refuse)
      }
    }
  })
}

type Refuse = (reason: string) => Failure

function filesIn(config: Config, folder: string, ending: RegExp, check: (text: string, refuse: Refuse) => void): Record<string, string> {
  const path = join(config.folder, 'monitoring', folder)
  const names = existsSync(path) ? readdirSync(path).filter((name) => ending.test(name)) : []
  return Object.fromEntries(
    names.sort().map((name) => {
      const text = readFileSync(join(path, name), 'utf8')
      const shown = `monitoring/${folder}/${name}`
      const refuse = (reason: string, cause?: unknown) =>
        new Failure(`${shown} cannot be used: ${reason}`, {
          on: `file ${join(path, name)}`,
          next: `Correct ${shown}, then run the command again. Nothing was changed in AWS.`,
          code: exit.usage,
          cause,
        })
      try {
        check(text, refuse)
      } catch (error) {
        throw error instanceof Failure ? error : refuse((error as Error).message, error)
      }
      return [name, text]
    }),
  )
}

function checkExpression(given: unknown, where: string, refuse: Refuse): void {
  const text = typeof given === 'number' ? String(given) : given
  if (typeof text !== 'string' || text.trim() === '') throw refuse(`${where} has no expression`)
  const problem = syntaxProblem(text)
  if (problem) throw refuse(`${where} does not parse near ${JSON.stringify(problem.near.slice(0, 40))}`)
}
