import type { Config } from '../../config/config.ts'
import { lines, type Row, units } from './panel.ts'

/** The machine that all of it shares; undefined without a node exporter. */
export function hostRow(config: Config): Row | undefined {
  if (!config.monitoring.nodeExporter) return undefined
  const legend = '{{instance}}'
  const free = 'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"}'
  const traffic = (direction: string) => `sum by (instance) (rate(node_network_${direction}_bytes_total{device!="lo"}[$__rate_interval]))`
  return {
    title: 'Machine',
    panels: [
      lines(
        { title: 'Processors', description: 'The share of time in which the processors are busy.', unit: units.PercentUnit },
        [{ expr: '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval]))', legend }],
        { max: 1 },
      ),
      lines(
        { title: 'Machine memory', description: 'The share of the memory that nothing more can be put into.', unit: units.PercentUnit },
        [{ expr: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', legend }],
        { max: 1 },
      ),
      lines(
        { title: 'Disk', description: 'The share of the root disk that is taken.', unit: units.PercentUnit },
        [{ expr: `1 - ${free}`, legend }],
        {
          max: 1,
        },
      ),
      lines({ title: 'Network', description: 'Bytes a second that come in and go out.', unit: units.BytesPerSecondIEC }, [
        { expr: traffic('receive'), legend: `${legend} in` },
        { expr: traffic('transmit'), legend: `${legend} out` },
      ]),
      lines({ title: 'Load', description: 'Processes that run or wait to, as the mean of a minute.', unit: units.Short }, [
        { expr: 'node_load1', legend },
      ]),
    ],
  }
}
