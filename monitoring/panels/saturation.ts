import type { Config } from '../../config/config.ts'
import { chosen, lines, type Row, units } from './panel.ts'

/** How full a service is: what runs out first. */
export function saturationRow(_config: Config): Row {
  return {
    title: 'Saturation',
    panels: [
      lines(
        {
          title: 'Event loop lag',
          description: 'How long a ready request waits for the event loop, at the 99th percentile.',
          unit: units.Seconds,
        },
        [{ expr: `max by (job) (nodejs_eventloop_lag_p99_seconds{${chosen}})` }],
      ),
      lines({ title: 'Heap', description: "JavaScript's heap: what is in use, and what is reserved.", unit: units.BytesIEC }, [
        { expr: `sum by (job) (nodejs_heap_size_used_bytes{${chosen}})`, legend: '{{job}} used' },
        { expr: `sum by (job) (nodejs_heap_size_total_bytes{${chosen}})`, legend: '{{job}} reserved' },
      ]),
      lines(
        {
          title: 'In-flight requests',
          description: 'Requests that are being answered, health checks and scrapes included.',
          unit: units.Short,
        },
        [{ expr: `sum by (job) (http_requests_in_flight{${chosen}})` }],
      ),
      lines({ title: 'Memory', description: 'Memory of the process, which its container limits.', unit: units.BytesIEC }, [
        { expr: `sum by (job) (process_resident_memory_bytes{${chosen}})` },
      ]),
      lines({ title: 'CPU', description: 'Processors in use; 1 is one of them all the time.', unit: units.Short }, [
        { expr: `sum by (job) (rate(process_cpu_seconds_total{${chosen}}[$__rate_interval]))` },
      ]),
      lines(
        { title: 'Garbage collection', description: 'The share of time that is spent on collecting garbage.', unit: units.PercentUnit },
        [{ expr: `sum by (job) (rate(nodejs_gc_duration_seconds_sum{${chosen}}[$__rate_interval]))` }],
      ),
    ],
  }
}
