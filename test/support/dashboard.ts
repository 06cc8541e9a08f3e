/** What the tests read of a dashboard, as Grafana would. */
export interface ReadDashboard {
  uid: string
  title: string
  editable: boolean
  panels: ReadPanel[]
  templating: { list: { name: string; type: string; query: string }[] }
  annotations: { list: { expr: string; useValueForTime: boolean; titleFormat: string; textFormat: string }[] }
}

export interface ReadPanel {
  type: string
  title: string
  description: string
  datasource: unknown
  gridPos: { x: number; y: number; w: number; h: number }
  fieldConfig: { defaults: { unit: string } }
  targets: { refId: string; expr: string; legendFormat: string; datasource: unknown }[]
}

/** The panels without the rows that they stand in. */
export function panelsOf({ panels }: ReadDashboard): ReadPanel[] {
  return panels.filter(({ type }) => type !== 'row')
}
