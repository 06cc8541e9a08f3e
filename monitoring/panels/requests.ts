import type { Config } from '../../config/config.ts'
import { errorRatio, fromUsers, requestQuantile, requestRate } from '../requests.ts'
import { chosen, lines, number, type Row, units } from './panel.ts'

const window = '$__rate_interval'

/** Rate, errors, duration: what users ask, and what they get. */
export function requestsRow(config: Config): Row {
  const users = `${chosen}, ${fromUsers(config)}`
  const mean = `${requestRate('sum', users, 'job', window)} / ${requestRate('count', users, 'job', window)}`
  return {
    title: 'Requests',
    panels: [
      lines({ title: 'Requests', description: 'Requests a second that were answered.', unit: units.RequestsPerSecond }, [
        { expr: requestRate('count', users, 'job', window) },
      ]),
      lines(
        { title: 'Errors', description: 'The share of requests that were answered with a 5xx status.', unit: units.PercentUnit },
        [{ expr: errorRatio(users, 'job', window) }],
        { max: 1 },
      ),
      lines(
        { title: 'Latency', description: 'The time within which 50, 95 and 99 of 100 requests were answered.', unit: units.Seconds },
        [0.5, 0.95, 0.99].map((share) => ({ expr: requestQuantile(share, users, 'job', window), legend: `{{job}} p${share * 100}` })),
      ),
      lines({ title: 'Requests by route', description: 'Requests a second by route and status.', unit: units.RequestsPerSecond }, [
        { expr: requestRate('count', users, 'job, method, route, code', window), legend: '{{job}} {{method}} {{route}} {{code}}' },
      ]),
      lines(
        {
          title: 'Latency by route',
          description: 'The time within which 95 of 100 requests to a route were answered.',
          unit: units.Seconds,
        },
        [{ expr: requestQuantile(0.95, users, 'job, method, route', window), legend: '{{job}} {{method}} {{route}}' }],
      ),
      number(
        {
          title: 'Average Response Time',
          description: 'The mean time of a request, from its head to the end of its answer.',
          unit: units.Seconds,
        },
        { expr: mean },
        ['green', [0.1, 'yellow'], [0.5, 'red']],
        { span: 8, decimals: 3 },
      ),
    ],
  }
}
