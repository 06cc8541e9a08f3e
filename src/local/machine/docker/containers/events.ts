import type { Docker } from '../docker.ts'
import { parse } from '../flags.ts'
import { pairs } from '../pairs.ts'
import { Refusal } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import { fill } from '../template.ts'

/**
 * `docker events` about memory, of a time that has passed; of what else happens the stand-in keeps nothing, and says so
 * instead of showing a part.
 */
export function events(docker: Docker, call: EngineCall): number {
  const options = {
    since: { type: 'string' },
    until: { type: 'string' },
    filter: { type: 'string', short: 'f', multiple: true },
    format: { type: 'string' },
  } as const
  const { since, until, filter = [], format } = parse('events', call.args, options, [0, 0]).values
  const { event, container, ...others } = pairs(filter)
  const [unknown] = Object.keys(others)
  if (unknown) throw new Refusal(`invalid filter '${unknown}' (the stand-in for docker knows container and event)`, 1)
  if (event !== 'oom' || until === undefined)
    throw new Refusal('the stand-in for docker shows the events of --filter event=oom --until TIME only', 1)
  const [from, to] = [since === undefined ? 0 : moment(since), moment(until)]
  const named = container === undefined ? undefined : docker.containers.find(container)
  for (const { at, record } of docker.containers.oomEvents()) {
    const { id, name, image, labels } = record
    if (at < from || at > to || (container !== undefined && id !== named?.record.id && name !== container)) continue
    const Attributes = { ...labels, image, name }
    const shown = {
      Type: 'container',
      Action: 'oom',
      status: 'oom',
      id,
      from: image,
      Actor: { ID: id, Attributes },
      time: Math.floor(at / 1000),
    }
    const text = Object.entries(Attributes).map(([key, value]) => `${key}=${value}`)
    call.out(`${format === undefined ? `${new Date(at).toISOString()} container oom ${id} (${text.join(', ')})` : fill(format, shown)}\n`)
  }
  return 0
}

/** `15m` ago, seconds since the epoch, or ISO 8601, in ms since the epoch. */
function moment(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  if (count !== undefined) return Date.now() - Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h']
  const at = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  if (Number.isNaN(at)) throw new Refusal(`failed to parse value as time or duration: "${text}"`, 1)
  return at
}
