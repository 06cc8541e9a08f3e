import { daemon } from '../refusal.ts'
import type { ContainerRecord } from './container-record.ts'

/** A container as a line of `docker ps`. */
export function containerRow({ id, name, image, entrypoint, cmd, state, host }: ContainerRecord) {
  const command = [...entrypoint, ...cmd].join(' ')
  return {
    ID: id.slice(0, 12),
    Image: image,
    Command: JSON.stringify(command.length <= 20 ? command : `${command.slice(0, 19)}…`),
    Status: status(state),
    State: state.status,
    Ports: host.ports.map(({ host: address, port }) => `${address || '0.0.0.0'}:${port}->${port}/tcp`).join(', '),
    Names: name,
  }
}

function status({ status, exitCode, startedAt, finishedAt }: ContainerRecord['state']): string {
  if (status === 'created') return 'Created'
  if (status === 'running') return `Up ${span(startedAt)}`
  return `${status === 'restarting' ? 'Restarting' : 'Exited'} (${exitCode}) ${span(finishedAt)} ago`
}

/** About how long ago that was. */
function span(since: string): string {
  const seconds = Math.floor((Date.now() - Date.parse(since)) / 1000)
  if (seconds < 120) return `${seconds} seconds`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} hours` : `${Math.floor(seconds / 86_400)} days`
}

/** Whether a container passes the filters of `docker ps`: those of one key are alternatives, but for labels. */
export function matches({ name, state, labels }: ContainerRecord, filters: readonly string[]): boolean {
  const tests = new Map<string, (value: string) => boolean>([
    ['name', (value) => new RegExp(value).test(name)],
    ['status', (value) => state.status === value],
    ['label', (value) => Object.entries(labels).some(([key, text]) => value === key || value === `${key}=${text}`)],
  ])
  return [...Map.groupBy(filters, (filter) => filter.split('=')[0]!)].every(([key, group]) => {
    const test = tests.get(key)
    if (!test) throw daemon(`invalid filter '${key}'`)
    const results = group.map((filter) => test(filter.slice(key.length + 1)))
    return key === 'label' ? results.every(Boolean) : results.some(Boolean)
  })
}
