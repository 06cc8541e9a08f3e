import type { Config } from '../../config/config.ts'
import { alert, type RuleGroup } from '../rule-file.ts'

/** The alerts of the machine; undefined without a node exporter. */
export function hostAlerts(config: Config): RuleGroup | undefined {
  if (!config.monitoring.nodeExporter) return undefined
  const disk = 'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"}'
  return {
    name: 'host',
    rules: [
      alert(config, 'HostCpuBusy', '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.9', '15m', {
        severity: 'warning',
        summary: 'The processors of the machine are busy',
        description:
          'The processors of {{ $labels.instance }} have been busy {{ $value | humanizePercentage }} of the time for 15 minutes.',
      }),
      alert(config, 'HostMemoryLow', 'node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1', '5m', {
        severity: 'warning',
        summary: 'The machine is about to run out of memory',
        description: 'Only {{ $value | humanizePercentage }} of the memory of {{ $labels.instance }} has been available for 5 minutes.',
      }),
      alert(config, 'HostDiskFilling', `${disk} < 0.15`, '5m', {
        severity: 'warning',
        summary: 'The disk of the machine is filling up',
        description: 'Only {{ $value | humanizePercentage }} of the disk of {{ $labels.instance }} has been free for 5 minutes.',
      }),
      alert(config, 'HostDiskFull', `${disk} < 0.05`, '1m', {
        severity: 'critical',
        summary: 'The disk of the machine is almost full',
        description: 'Only {{ $value | humanizePercentage }} of the disk of {{ $labels.instance }} is free: what writes will soon fail.',
        runbook: 'HostDiskFilling',
      }),
    ],
  }
}
