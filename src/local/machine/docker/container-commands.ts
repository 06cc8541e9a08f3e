import type { Container } from './container.ts'
import { containerInfo, containerRow, matches } from './container-info.ts'
import type { Docker } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import { expect, parse } from './flags.ts'
import { imageInfo } from './image-commands.ts'
import { networkInfo, volumeInfo } from './network-commands.ts'
import { daemon, Refusal } from './refusal.ts'
import { signalName } from './run-options.ts'
import { fill, rows } from './template.ts'

/** `docker ps`. */
export function ps(docker: Docker, call: EngineCall): number {
  const known = { all: 'flag', quiet: 'flag', 'no-trunc': 'flag', latest: 'flag', filter: 'list', format: 'value' } as const
  const flags = parse('ps', call.args, known, { a: 'all', q: 'quiet', f: 'filter', l: 'latest' })
  expect('ps', flags, 0, 0)
  const all = flags.has('all') || flags.has('latest') || flags.list('filter').some((filter) => filter.startsWith('status='))
  const found = docker.containers
    .list()
    .filter(({ record }) => all || record.state.status === 'running' || record.state.status === 'restarting')
    .filter(({ record }) => matches(record, flags.list('filter')))
    .slice(0, flags.has('latest') ? 1 : undefined)
    .map(({ record }) => containerRow(record, flags.has('no-trunc')))
  const columns = '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}'
  call.out(
    flags.has('quiet')
      ? found.map(({ ID }) => `${ID}\n`).join('')
      : rows(flags.value('format') ?? `table ${columns}`, found, { ID: 'CONTAINER ID' }),
  )
  return 0
}

/** `docker inspect`: a container, else an image, a network or a volume of that name. */
export function inspect(docker: Docker, call: EngineCall): number {
  const flags = parse('inspect', call.args, { format: 'value', type: 'value' }, { f: 'format' })
  expect('inspect', flags, 1)
  const type = flags.value('type')
  const look = {
    container: (name: string) => {
      const found = docker.containers.find(name)
      return found && containerInfo(docker, found.record)
    },
    image: (name: string) => {
      const found = docker.images.find(name)
      return found && imageInfo(found)
    },
    network: (name: string) => {
      const found = docker.networks.list().find((each) => each.name === name)
      return found && networkInfo(docker, found)
    },
    volume: (name: string) => {
      const found = docker.volumes.find(name)
      return found && volumeInfo(found)
    },
  }
  if (type !== undefined && !Object.hasOwn(look, type)) throw new Refusal(`"${type}" is not a valid value for --type`)
  const found = flags.rest.map((name) => {
    for (const [kind, find] of Object.entries(look)) {
      const info = type === undefined || type === kind ? find(name) : undefined
      if (info) return info
    }
    return undefined
  })
  const shown = found.filter((each) => each !== undefined)
  const format = flags.value('format')
  call.out(format === undefined ? `${JSON.stringify(shown, null, 4)}\n` : shown.map((each) => `${fill(format, each)}\n`).join(''))
  const missing = flags.rest.filter((_, index) => found[index] === undefined)
  for (const name of missing) call.err(`Error: No such ${type ?? 'object'}: ${name}\n`)
  return missing.length > 0 ? 1 : 0
}

/** `docker logs`, with `-f` until the container ends or the reader has gone. */
export async function logs(docker: Docker, call: EngineCall): Promise<number> {
  const flags = parse('logs', call.args, { follow: 'flag', tail: 'value', timestamps: 'flag' }, { f: 'follow', n: 'tail', t: 'timestamps' })
  expect('logs', flags, 1, 1)
  const container = docker.containers.get(flags.rest[0]!)
  const tail = flags.value('tail') ?? 'all'
  if (tail !== 'all' && !/^\d+$/.test(tail)) throw daemon(`invalid tail option: "${tail}"`)
  const show = ({ log, stream, time }: { log: string; stream: string; time: string }) => {
    const text = flags.has('timestamps') ? `${time} ${log}` : log
    if (stream === 'stdout') call.out(text)
    else call.err(text)
  }
  const lines = container.log.read()
  for (const line of tail === 'all' ? lines : lines.slice(Math.max(lines.length - Number(tail), 0))) show(line)
  const { status } = container.record.state
  if (!flags.has('follow') || status === 'exited' || status === 'created') return 0
  const stop = container.log.follow(show)
  await Promise.race([container.wait(), new Promise((resolve) => call.gone.addEventListener('abort', resolve))])
  stop()
  return 0
}

/** `docker stop`, `start`, `restart`, `kill`, `wait`, `rm`: the same thing with each of the named containers. */
export const stop = (docker: Docker, call: EngineCall) =>
  each(docker, call, 'stop', { time: 'value', timeout: 'value', signal: 'value' }, { t: 'time' }, (container, flags) => {
    const seconds = flags.value('time') ?? flags.value('timeout')
    return container.stop(seconds === undefined ? undefined : Number(seconds))
  })

export const start = (docker: Docker, call: EngineCall) =>
  each(docker, call, 'start', {}, {}, (container) => docker.containers.start(container))

export const restart = (docker: Docker, call: EngineCall) =>
  each(docker, call, 'restart', { time: 'value', timeout: 'value' }, { t: 'time' }, async (container, flags) => {
    const seconds = flags.value('time') ?? flags.value('timeout')
    await container.stop(seconds === undefined ? undefined : Number(seconds))
    await docker.containers.start(container)
  })

export const kill = (docker: Docker, call: EngineCall) =>
  each(docker, call, 'kill', { signal: 'value' }, { s: 'signal' }, async (container, flags) => {
    const name = signalName(flags.value('signal') ?? 'SIGKILL')
    const end = name === 'SIGKILL' ? container.wait() : undefined
    container.kill(name)
    await end
  })

export async function wait(docker: Docker, call: EngineCall): Promise<number> {
  const flags = parse('wait', call.args, {})
  expect('wait', flags, 1)
  for (const name of flags.rest) call.out(`${await docker.containers.get(name).wait()}\n`)
  return 0
}

export const remove = (docker: Docker, call: EngineCall) =>
  each(docker, call, 'rm', { force: 'flag', volumes: 'flag' }, { f: 'force', v: 'volumes' }, (container, flags) =>
    docker.containers.remove(container, flags.has('force')),
  )

async function each(
  docker: Docker,
  call: EngineCall,
  command: string,
  known: Parameters<typeof parse>[2],
  short: Record<string, string>,
  work: (container: Container, flags: ReturnType<typeof parse>) => Promise<void>,
): Promise<number> {
  const flags = parse(command, call.args, known, short)
  expect(command, flags, 1)
  const codes = await Promise.all(
    flags.rest.map(async (name) => {
      try {
        await work(docker.containers.get(name), flags)
        call.out(`${name}\n`)
        return 0
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        call.err(`${error.message}\n`)
        // Removing by force what is not there is no failure, as in docker itself.
        return command === 'rm' && flags.has('force') && !docker.containers.find(name) ? 0 : 1
      }
    }),
  )
  return Math.max(...codes)
}
