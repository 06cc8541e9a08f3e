import type { Config } from '../../config/config.ts'
import { measuring } from '../measuring.ts'
import { chosen, lines, number, type Row, units } from './panel.ts'

/** What is kept, how long that takes, and how large it is; undefined when no service keeps records. */
export function ingestionRow(config: Config): Row | undefined {
  if (!measuring(config, 'ingestion')) return undefined
  const quantile = (share: number, metric: string) =>
    `histogram_quantile(${share}, sum by (job, le) (rate(${metric}_bucket{${chosen}}[$__rate_interval])))`
  const quantiles = (metric: string, shares: number[]) =>
    shares.map((share) => ({ expr: quantile(share, metric), legend: `{{job}} p${share * 100}` }))
  return {
    title: 'Data ingestion',
    panels: [
      lines({ title: 'Data Ingestion Rate', description: 'Records a second that were kept.', unit: units.OpsPerSecond }, [
        { expr: `sum by (job) (rate(data_ingestion_total{${chosen}}[$__rate_interval]))` },
      ]),
      lines(
        {
          title: 'Data Ingestion Latency',
          description: 'The time within which 95 and 99 of 100 records were on the disk.',
          unit: units.Seconds,
        },
        quantiles('data_ingestion_duration_seconds', [0.95, 0.99]),
      ),
      lines(
        { title: 'Data Size Distribution', description: 'The size that 50, 95 and 99 of 100 records stayed below.', unit: units.BytesIEC },
        quantiles('data_size_bytes', [0.5, 0.95, 0.99]),
      ),
      number(
        { title: 'Total Data Ingestions', description: 'Records kept since the service was started.', unit: units.Short },
        { expr: `sum by (job) (data_ingestion_total{${chosen}})` },
        ['blue'],
        { span: 8 },
      ),
    ],
  }
}
