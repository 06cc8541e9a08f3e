import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ContainerRecord, type PublishedPort, zeroTime } from './container-record.ts'
import type { Docker } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import type { Flags, Parsed } from './flags.ts'
import type { LocalImage } from './images.ts'
import { mounts } from './mounts.ts'
import { pairs } from './pairs.ts'
import { daemon, Refusal } from './refusal.ts'

/** What `docker run` and `docker create` understand. */
export const runFlags: Flags = {
  ...{ detach: 'flag', interactive: 'flag', rm: 'flag', init: 'flag', 'read-only': 'flag' },
  ...{
    name: 'value',
    network: 'value',
    net: 'value',
    restart: 'value',
    user: 'value',
    memory: 'value',
    'memory-swap': 'value',
    cpus: 'value',
  },
  ...{
    'pids-limit': 'value',
    'log-driver': 'value',
    'stop-timeout': 'value',
    'stop-signal': 'value',
    hostname: 'value',
    entrypoint: 'value',
  },
  ...{ workdir: 'value', pull: 'value', platform: 'value', cidfile: 'value' },
  ...{
    'network-alias': 'list',
    tmpfs: 'list',
    mount: 'list',
    volume: 'list',
    'cap-drop': 'list',
    'cap-add': 'list',
    'security-opt': 'list',
  },
  ...{ 'log-opt': 'list', publish: 'list', env: 'list', 'env-file': 'list', label: 'list', 'add-host': 'list' },
}

export const runShort = {
  d: 'detach',
  i: 'interactive',
  e: 'env',
  p: 'publish',
  v: 'volume',
  l: 'label',
  u: 'user',
  m: 'memory',
  h: 'hostname',
  w: 'workdir',
}

const words = ['brave', 'calm', 'eager', 'gentle', 'keen', 'quiet', 'swift', 'witty']
const people = ['babbage', 'curie', 'gauss', 'hopper', 'lovelace', 'noether', 'shannon', 'turing']

/**
 * What a container is to be, from a command line and its image.
 *
 * @throws Refusal with exit code 125 for what does not fit
 */
export function containerRecord(docker: Docker, call: EngineCall, flags: Parsed, image: LocalImage): ContainerRecord {
  const [text = '', ...cmd] = flags.rest
  const id = randomBytes(32).toString('hex')
  const { config } = image
  const entrypoint = flags.value('entrypoint')
  const network = flags.value('network') ?? flags.value('net') ?? 'bridge'
  docker.networks.get(network)
  const logging = logOptions(flags)
  const whole: Omit<ContainerRecord, 'host'> = {
    id,
    name: flags.value('name') ?? `${pick(words)}_${pick(people)}_${id.slice(0, 4)}`,
    image: text,
    imageId: image.id,
    created: new Date().toISOString(),
    entrypoint: entrypoint === undefined ? (config.Entrypoint ?? []) : entrypoint === '' ? [] : [entrypoint],
    // An entrypoint of the command line drops the image's command too.
    cmd: cmd.length > 0 ? cmd : entrypoint === undefined ? (config.Cmd ?? []) : [],
    env: { ...pairs(config.Env ?? []), ...environment(flags, call) },
    workingDir: flags.value('workdir') ?? (config.WorkingDir || '/'),
    user: flags.value('user') ?? config.User ?? '',
    hostname: flags.value('hostname') ?? id.slice(0, 12),
    labels: { ...config.Labels, ...pairs(flags.list('label')) },
    stopSignal: signalName(flags.value('stop-signal') ?? config.StopSignal ?? 'SIGTERM'),
    stopTimeout: wholeNumber(flags, 'stop-timeout') ?? 10,
    restartCount: 0,
    stoppedByUser: false,
    state: { status: 'created', pid: 0, exitCode: 0, error: '', startedAt: zeroTime, finishedAt: zeroTime },
  }
  if (whole.entrypoint.length + whole.cmd.length === 0) throw daemon('no command specified', 125)
  if (!/^[a-zA-Z0-9][\w.-]+$/.test(whole.name))
    throw daemon(`Invalid container name (${whole.name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`, 125)
  const restart = restartPolicy(flags.value('restart') ?? 'no')
  if (flags.has('rm') && restart.name !== 'no') throw new Refusal('conflicting options: cannot specify both --restart and --rm', 125)
  return {
    ...whole,
    host: {
      network,
      restart,
      aliases: flags.list('network-alias'),
      ports: flags.list('publish').map(publishedPort),
      mounts: mounts(docker, call, flags, id),
      autoRemove: flags.has('rm'),
      readOnly: flags.has('read-only'),
      memory: bytes(flags.value('memory') ?? '0'),
      cpus: Number(flags.value('cpus') ?? 0),
      pidsLimit: wholeNumber(flags, 'pids-limit') ?? 0,
      capDrop: flags.list('cap-drop'),
      capAdd: flags.list('cap-add'),
      securityOpt: flags.list('security-opt'),
      init: flags.has('init'),
      extraHosts: flags.list('add-host'),
      ...logging,
    },
  }
}

function pick(names: readonly string[]): string {
  return names[randomBytes(1)[0]! % names.length]!
}

/** A whole number, or a complaint in docker's words. */
function wholeNumber(flags: Parsed, name: string): number | undefined {
  const value = flags.value(name)
  if (value === undefined) return undefined
  if (!/^-?\d+$/.test(value))
    throw new Refusal(`invalid argument "${value}" for "--${name}" flag: strconv.ParseInt: parsing "${value}": invalid syntax`, 125)
  return Number(value)
}

/** `-e NAME` takes the value of the command's own environment, and is nothing when there is none. */
function environment(flags: Parsed, call: EngineCall): Record<string, string> {
  const lines = flags.list('env-file').flatMap((file) => {
    const path = resolve(call.cwd, file)
    if (!existsSync(path)) throw new Refusal(`open ${file}: no such file or directory`, 125)
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  })
  const named = [...lines, ...flags.list('env')].flatMap((text) => {
    if (text.includes('=')) return [text]
    const value = call.env[text]
    return value === undefined ? [] : [`${text}=${value}`]
  })
  return pairs(named)
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

function restartPolicy(text: string): ContainerRecord['host']['restart'] {
  const [name = '', most = '0'] = text.split(':')
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name) || !/^\d+$/.test(most))
    throw daemon(`invalid restart policy: unknown policy '${text}'`, 125)
  return { name: name as 'no', most: Number(most) }
}

function logOptions(flags: Parsed): { maxSize?: number; maxFile?: number } {
  const driver = flags.value('log-driver') ?? 'json-file'
  if (driver !== 'json-file' && driver !== 'local')
    throw daemon(`logger: no log driver named '${driver}' is registered (in the stand-in for docker)`, 125)
  const options = pairs(flags.list('log-opt'))
  const unknown = Object.keys(options).find((name) => name !== 'max-size' && name !== 'max-file')
  if (unknown) throw daemon(`unknown log opt '${unknown}' for json-file log driver`, 125)
  return {
    ...(options['max-size'] && { maxSize: bytes(options['max-size']) }),
    ...(options['max-file'] && { maxFile: Number(options['max-file']) }),
  }
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
