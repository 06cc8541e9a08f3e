import { VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common'
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { Config } from '../config/config.ts'

const source = { type: 'prometheus', uid: '$datasource' }

/** One dashboard for all services: what is up, how much is asked of it, how long it takes, how much fails. */
export function overview(config: Config): Dashboard {
  const names = config.services.map(({ name }) => name)
  // Health checks and scrapes are requests as well, but not a user's.
  const ours = [...new Set(config.services.map(({ health }) => health)), '/metrics'].join('|')
  const requests = `job=~"$job", route!~"${ours}"`
  const answered = rate('count', requests)
  // A service without any failed request has no series for them, which is a share of 0 and not an absent one.
  const failed = rate('count', `${requests}, code=~"5.."`)
  const latency = `histogram_quantile(0.95, ${rate('bucket', requests, 'job, le')})`
  return new DashboardBuilder(`${config.app} overview`)
    .uid('overview')
    .description(`The services of ${config.app} at the stage ${config.stage}. Generated from mlops.config.ts.`)
    .tags([config.app, config.stage])
    .time({ from: 'now-15m', to: 'now' })
    .refresh('5s')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('job')
        .label('Service')
        .datasource(source)
        .query(`label_values(up{job=~"${names.join('|')}"}, job)`)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .current({ text: 'All', value: '$__all' })
        .allValue(names.join('|')),
    )
    .withPanel(up())
    .withPanel(series('Requests', 'Requests a second that were answered.', 'reqps', answered))
    .withPanel(series('Latency (p95)', 'The time within which 95 of 100 requests were answered.', 's', latency))
    .withPanel(
      series('Errors', 'The share of requests answered with a 5xx status.', 'percentunit', `(${failed} or 0 * ${answered}) / ${answered}`),
    )
    .build()
}

function up(): StatBuilder {
  const steps = [
    { value: null, color: 'red' },
    { value: 1, color: 'green' },
  ]
  return new StatBuilder()
    .title('Services up')
    .description('1 where the last scrape of a service worked, 0 where it did not.')
    .datasource(source)
    .unit('none')
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .height(8)
    .span(12)
    .withTarget(query('max by (job) (up{job=~"$job"})').instant())
}

function series(title: string, description: string, unit: string, expression: string): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(source)
    .unit(unit)
    .min(0)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .height(8)
    .span(12)
    .withTarget(query(expression))
}

/** PromQL: how fast one of the series of the request histogram grows, for each service. */
function rate(part: 'count' | 'bucket', labels: string, by = 'job'): string {
  return `sum by (${by}) (rate(http_request_duration_seconds_${part}{${labels}}[$__rate_interval]))`
}

function query(expression: string): DataqueryBuilder {
  return new DataqueryBuilder().expr(expression).legendFormat('{{job}}').datasource(source)
}
