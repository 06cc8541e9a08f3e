import type { Config } from '../../config/config.ts'
import { budgetDays } from '../intervals.ts'
import { burnRate, promising } from '../objectives.ts'
import { lines, number, type Row, units } from './panel.ts'

/** The first row: is everything there, and how much may still go wrong. */
export function objectivesRow(config: Config): Row {
  const online = config.services.length
  return {
    title: 'Objectives',
    panels: [
      ...(promising(config).length > 0
        ? [
            number(
              {
                title: 'Error budget left',
                description: `What is left of each error budget of the last ${budgetDays(config)} days. Below zero, an objective is missed.`,
                unit: units.PercentUnit,
              },
              { expr: 'job:slo_budget_left:ratio{job=~"$job"}', legend: '{{job}} {{slo}}' },
              ['red', [0.1, 'orange'], [0.5, 'green']],
              { span: 12, decimals: 1 },
            ),
          ]
        : []),
      number(
        { title: 'Services Online', description: 'How many of the chosen services answer the scrape.', unit: units.Short },
        { expr: 'sum(up{job=~"$job"})', legend: 'online' },
        ['red', [1, 'yellow'], [online, 'green']],
      ),
      number(
        { title: 'Alerts firing', description: 'How many alerts fire now, those that are held back included.', unit: units.Short },
        { expr: 'count(ALERTS{alertstate="firing", alertname!="DeployInProgress"}) or vector(0)', legend: 'firing' },
        ['green', [1, 'red']],
      ),
      number(
        { title: 'Release', description: 'When the release that runs was launched.', unit: units.DateTimeFromNow },
        { expr: 'max by (release) (release:launched:timestamp_seconds) * 1000', legend: 'Release {{release}}' },
        ['blue'],
      ),
      number(
        {
          title: 'Service Health Status',
          description: '1 where the last scrape of a service worked, 0 where it did not.',
          unit: units.Short,
        },
        { expr: 'max by (job) (up{job=~"$job"})' },
        ['red', [1, 'green']],
        { span: 12 },
      ),
      ...(promising(config).length > 0
        ? [
            lines(
              {
                title: 'Error budget burn',
                description: 'How fast budgets burn, over an hour. At 1 a budget lasts exactly its time; at 14.4 somebody is woken.',
                unit: units.Short,
              },
              [{ expr: `${burnRate('1h')}{job=~"$job"}`, legend: '{{job}} {{slo}}' }],
              { limit: 14.4 },
            ),
          ]
        : []),
    ],
  }
}
