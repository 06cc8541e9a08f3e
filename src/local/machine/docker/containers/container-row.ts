import { daemon } from '../refusal.ts'
import type { ContainerRecord } from './container-record.ts'

/** A container as a line of `docker ps`. */
export function containerRow(record: ContainerRecord, whole: boolean) {
  const { state, host } = record
  const command = [...record.entrypoint, ...record.cmd].join(' ')
  return {
    ID: whole ? record.id : record.id.slice(0, 12),
    Names: record.name,
    Image: record.image,
    Command: JSON.stringify(whole || command.length <= 20 ? command : `${command.slice(0, 19)}…`),
    CreatedAt: record.created,
    RunningFor: `${span(record.created)} ago`,
    Status: status(state),
    State: state.status,
    Ports: host.ports.map(({ host: address, port }) => `${address || '0.0.0.0'}:${port}->${port}/tcp`).join(', '),
    Labels: Object.entries(record.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Networks: host.network,
  }
}

function status({ status, exitCode, startedAt, finishedAt }: ContainerRecord['state']): string {
  if (status === 'created') return 'Created'
  if (status === 'running') return `Up ${span(startedAt)}`
  if (status === 'restarting') return `Restarting (${exitCode}) ${span(finishedAt)} ago`
  return `Exited (${exitCode}) ${span(finishedAt)} ago`
}

/** About how long ago that was. */
function span(since: string): string {
  const seconds = Math.floor((Date.now() - Date.parse(since)) / 1000)
  if (seconds < 120) return `${seconds} seconds`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} hours` : `${Math.floor(seconds / 86_400)} days`
}

/** Whether a container passes the filters of `docker ps`: those of one key are alternatives, but for labels. */
export function matches({ name, id, state, labels }: ContainerRecord, filters: readonly string[]): boolean {
  const tests: Record<string, (value: string) => boolean> = {
    name: (value) => new RegExp(value).test(name) || new RegExp(value).test(`/${name}`),
    id: (value) => id.startsWith(value),
    status: (value) => state.status === value,
    label(value) {
      const [key = '', wanted] = value.split(/=(.*)/s)
      return Object.hasOwn(labels, key) && (wanted === undefined || labels[key] === wanted)
    },
  }
  const byKey = Map.groupBy(filters, (filter) => filter.split('=')[0]!)
  return [...byKey].every(([key, group]) => {
    const test = Object.hasOwn(tests, key) ? tests[key] : undefined
    if (!test) throw daemon(`invalid filter '${key}'`)
    const results = group.map((filter) => test(filter.slice(key.length + 1)))
    return key === 'label' ? results.every(Boolean) : results.some(Boolean)
  })
}
