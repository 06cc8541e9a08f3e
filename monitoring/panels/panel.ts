/**
 * What is drawn: one file a row of the dashboard. Every panel has a title, a description and a unit, asks the data
 * source of the variable `$datasource`, and shows the services of `$job` and, where the series have one, the instances
 * of `$instance`.
 */
import {
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  ReduceDataOptionsBuilder,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import * as units from '@grafana/grafana-foundation-sdk/units'

export { units }

/** Something that builds a panel, of whatever kind. */
export interface PanelSource {
  build(): Panel
}

/** A row of the dashboard. */
export interface Row {
  readonly title: string
  readonly panels: readonly PanelSource[]
}

/** The data source that is chosen in the dashboard. */
export const source: DataSourceRef = { type: 'prometheus', uid: '$datasource' }

/** The label matchers of what is chosen in the dashboard. */
export const chosen = 'job=~"$job", instance=~"$instance"'

/** One query of a panel: PromQL, and what its lines are called. */
export interface Query {
  readonly expr: string
  /** `{{job}}`, where nothing is said. */
  readonly legend?: string
}

export interface PanelText {
  readonly title: string
  /** A whole sentence: what is drawn. */
  readonly description: string
  /** One of Grafana's units. */
  readonly unit: string
}

/** Colours by value: each from so much on, the first from the very bottom. */
export type Steps = readonly [first: string, ...others: (readonly [from: number, color: string])[]]

/** Lines over time, a third of the width. */
export function lines(text: PanelText, queries: readonly Query[], options: { max?: number; limit?: number } = {}): PanelSource {
  const { max, limit } = options
  const panel = new TimeseriesBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(source)
    .unit(text.unit)
    .min(0)
    .fillOpacity(10)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .height(8)
    .span(8)
  for (const [index, query] of queries.entries()) panel.withTarget(target(query, index))
  if (max !== undefined) panel.max(max)
  if (limit !== undefined) {
    panel.thresholds(thresholds(['transparent', [limit, 'red']]))
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  }
  return panel
}

/** The last value of each series as a big number, on a coloured ground. */
export function number(text: PanelText, query: Query, steps: Steps, options: { span?: number; decimals?: number } = {}): PanelSource {
  const panel = new StatBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(source)
    .unit(text.unit)
    .thresholds(thresholds(steps))
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .height(6)
    .span(options.span ?? 4)
    .withTarget(target(query, 0).instant())
  if (options.decimals !== undefined) panel.decimals(options.decimals)
  return panel
}

function target({ expr, legend = '{{job}}' }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .expr(expr)
    .legendFormat(legend)
    .datasource(source)
}

function thresholds([first, ...others]: Steps): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: first }, ...others.map(([value, color]) => ({ value, color }))])
}
