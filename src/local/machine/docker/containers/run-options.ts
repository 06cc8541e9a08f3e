import { randomBytes } from 'node:crypto'
import type { Docker } from '../docker.ts'
import type { Flags, parse } from '../flags.ts'
import type { LocalImage } from '../images/images.ts'
import { pairs } from '../pairs.ts'
import { daemon, Refusal } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import { type ContainerRecord, type PublishedPort, zeroTime } from './container-record.ts'
import { mounts } from './mounts.ts'

/** What `docker run` understands: the flags of a launch, and those of somebody who tries an image out. */
export const runFlags = {
  detach: { type: 'boolean', short: 'd' },
  interactive: { type: 'boolean', short: 'i' },
  rm: { type: 'boolean' },
  'read-only': { type: 'boolean' },
  name: { type: 'string' },
  network: { type: 'string', default: 'bridge' },
  restart: { type: 'string', default: 'no' },
  user: { type: 'string', short: 'u' },
  memory: { type: 'string', short: 'm', default: '0' },
  'memory-swap': { type: 'string', default: '0' },
  'pids-limit': { type: 'string', default: '0' },
  entrypoint: { type: 'string' },
  workdir: { type: 'string', short: 'w' },
  tmpfs: { type: 'string', multiple: true, default: [] },
  mount: { type: 'string', multiple: true, default: [] },
  volume: { type: 'string', short: 'v', multiple: true, default: [] },
  'cap-drop': { type: 'string', multiple: true, default: [] },
  'cap-add': { type: 'string', multiple: true, default: [] },
  'security-opt': { type: 'string', multiple: true, default: [] },
  'log-opt': { type: 'string', multiple: true, default: [] },
  publish: { type: 'string', short: 'p', multiple: true, default: [] },
  env: { type: 'string', short: 'e', multiple: true, default: [] },
  label: { type: 'string', short: 'l', multiple: true, default: [] },
} satisfies Flags

/** A command line of `docker run` that has been read. */
export type RunFlags = ReturnType<typeof parse<typeof runFlags>>

/**
 * What a container is to be, from a command line and its image.
 *
 * @throws Refusal with exit code 125 for what does not fit
 */
export function containerRecord(docker: Docker, call: EngineCall, { values, rest }: RunFlags, image: LocalImage): ContainerRecord {
  const [text = '', ...cmd] = rest
  const id = randomBytes(32).toString('hex')
  const { config } = image
  const { entrypoint, network, name = `unnamed-${id.slice(0, 12)}` } = values
  docker.networks.get(network)
  const own = entrypoint === undefined ? (config.Entrypoint ?? []) : [entrypoint].filter(Boolean)
  // An entrypoint of the command line drops the image's command too.
  const command = cmd.length > 0 ? cmd : entrypoint === undefined ? (config.Cmd ?? []) : []
  if (own.length + command.length === 0) throw daemon('no command specified', 125)
  if (!/^[a-zA-Z0-9][\w.-]+$/.test(name)) throw daemon(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`, 125)
  const restart = restartPolicy(values.restart)
  if (values.rm && restart.name !== 'no') throw new Refusal('conflicting options: cannot specify both --restart and --rm', 125)
  return {
    id,
    name,
    image: text,
    imageId: image.id,
    created: new Date().toISOString(),
    entrypoint: own,
    cmd: command,
    env: { ...pairs(config.Env ?? []), ...environment(values.env, call) },
    workingDir: values.workdir ?? (config.WorkingDir || '/'),
    user: values.user ?? config.User ?? '',
    hostname: id.slice(0, 12),
    labels: { ...config.Labels, ...pairs(values.label) },
    stopSignal: signalName(config.StopSignal ?? 'SIGTERM'),
    stopTimeout: 10,
    restartCount: 0,
    stoppedByUser: false,
    state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, startedAt: zeroTime, finishedAt: zeroTime },
    host: {
      network,
      restart,
      ports: values.publish.map(publishedPort),
      mounts: mounts(docker, call, values, id),
      autoRemove: values.rm === true,
      readOnly: values['read-only'] === true,
      ...memoryLimits(values.memory, values['memory-swap']),
      pidsLimit: wholeNumber(values['pids-limit']),
      capDrop: values['cap-drop'],
      capAdd: values['cap-add'],
      securityOpt: values['security-opt'],
      ...logOptions(values['log-opt']),
    },
  }
}

/** @throws Refusal in docker's words for a sum of memory and swap that does not go with the memory */
function memoryLimits(given: string, both: string): { memory: number; memorySwap: number } {
  const memory = bytes(given)
  if (both === '-1') return { memory, memorySwap: -1 }
  const memorySwap = bytes(both)
  if (memorySwap > 0 && memory === 0) throw daemon('You should always set the Memory limit when using Memoryswap limit, see usage', 125)
  if (memorySwap > 0 && memorySwap < memory) throw daemon('Minimum memoryswap limit should be larger than memory limit, see usage', 125)
  return { memory, memorySwap }
}

/** A whole number, or a complaint in docker's words. */
function wholeNumber(value: string): number {
  if (/^-?\d+$/.test(value)) return Number(value)
  throw new Refusal(`invalid argument "${value}" for "--pids-limit" flag: strconv.ParseInt: parsing "${value}": invalid syntax`, 125)
}

/** `-e NAME` takes the value of the command's own environment, and is nothing when there is none. */
function environment(given: readonly string[], { env }: EngineCall): Record<string, string> {
  return pairs(given.flatMap((text) => (text.includes('=') ? [text] : Object.hasOwn(env, text) ? [`${text}=${env[text]}`] : [])))
}

/** `8001:8001`, `127.0.0.1:8001:8001/tcp`. */
function publishedPort(text: string): PublishedPort {
  const [, host = '', outside, within, protocol = 'tcp'] = /^(?:([\d.]+):)?(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? []
  if (!outside || !within) throw new Refusal(`invalid publish opts format (should be host:container, got "${text}")`, 125)
  if (outside !== within)
    throw new Refusal(
      `-p ${text}: the stand-in for docker runs plain processes, whose ports are the instance's own: both ports must be the same`,
      125,
    )
  if (protocol !== 'tcp') throw new Refusal(`-p ${text}: the stand-in for docker publishes TCP ports only`, 125)
  return { host, port: Number(outside) }
}

function restartPolicy(name: string): ContainerRecord['host']['restart'] {
  if (name === 'no' || name === 'always' || name === 'unless-stopped') return { name }
  throw daemon(`invalid restart policy: unknown policy '${name}' (the stand-in for docker knows no, always and unless-stopped)`, 125)
}

function logOptions(given: readonly string[]): { maxSize?: number; maxFile?: number } {
  const { 'max-size': size, 'max-file': count, ...others } = pairs(given)
  const [unknown] = Object.keys(others)
  if (unknown) throw daemon(`unknown log opt '${unknown}' for json-file log driver`, 125)
  return { ...(size && { maxSize: bytes(size) }), ...(count && { maxFile: Number(count) }) }
}

/** `256m`, `1g`, `1048576` → bytes. */
function bytes(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(text) ?? []
  if (number === undefined) throw new Refusal(`invalid size: '${text}'`, 125)
  return Math.round(Number(number) * 1024 ** 'bkmg'.indexOf(unit.toLowerCase() || 'b'))
}

/** `TERM`, `SIGTERM`, `15` → `SIGTERM`. */
export function signalName(text: string): NodeJS.Signals {
  const byNumber: Record<string, NodeJS.Signals> = { 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 9: 'SIGKILL', 15: 'SIGTERM' }
  const name = byNumber[text] ?? (`SIG${text.toUpperCase().replace(/^SIG/, '')}` as NodeJS.Signals)
  if (!/^SIG(HUP|INT|QUIT|KILL|TERM|USR1|USR2|WINCH|CONT|STOP)$/.test(name)) throw daemon(`invalid signal: ${text}`, 125)
  return name
}
