import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Config } from '../config/config.ts'
import { hostRow } from './panels/host.ts'
import { ingestionRow } from './panels/ingestion.ts'
import { modelRow } from './panels/model.ts'
import { objectivesRow } from './panels/objectives.ts'
import { type Row, source } from './panels/panel.ts'
import { requestsRow } from './panels/requests.ts'
import { saturationRow } from './panels/saturation.ts'

/** The uid of the generated dashboard: links to it outlive releases. */
export const overviewUid = 'overview'

/**
 * One dashboard for all services: are objectives kept, what is asked, how full is it, what do the models and the
 * machine do.
 */
export function overview(config: Config): Dashboard {
  const { app, stage, services } = config
  const names = services.map(({ name }) => name).join('|')
  const dashboard = new DashboardBuilder(`${app} overview`)
    .uid(overviewUid)
    .description(`The services of ${app} at the stage ${stage}. Generated from mlops.config.ts.`)
    .tags([app, stage])
    .time({ from: 'now-15m', to: 'now' })
    .refresh('5s')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(choice('job', 'Service', `label_values(up{job=~"${names}"}, job)`, names))
    .withVariable(choice('instance', 'Instance', 'label_values(up{job=~"$job"}, instance)', '.+'))
    .annotation(deploys())
  for (const { title, panels } of rows(config)) {
    dashboard.withRow(new RowBuilder(title))
    for (const panel of panels) dashboard.withPanel(panel)
  }
  return dashboard.build()
}

function rows(config: Config): Row[] {
  const all = [objectivesRow, requestsRow, saturationRow, ingestionRow, modelRow, hostRow].map((row) => row(config))
  return all.filter((row) => row !== undefined)
}

function choice(name: string, label: string, query: string, all: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(source)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' })
    .allValue(all)
}

/** A line where a release was launched, with what was launched and by whom. */
function deploys(): AnnotationQueryBuilder {
  return (
    new AnnotationQueryBuilder()
      .name('Deploys')
      .datasource(source)
      .enable(true)
      .iconColor('blue')
      // The value is the time itself, in ms: the line stands there and not at every sample.
      .expr('max by (release, by, commit, digests) (release:launched:timestamp_seconds) * 1000')
      .useValueForTime(true)
      .titleFormat('Release {{release}}')
      .textFormat('Deployed by {{by}} from commit {{commit}}: {{digests}}')
      .tagKeys('release')
      .step('60s')
  )
}
