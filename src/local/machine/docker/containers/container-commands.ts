import { once } from 'node:events'
import type { Docker } from '../docker.ts'
import { type Flags, parse } from '../flags.ts'
import { daemon, Refusal } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import { listFlags, rows } from '../template.ts'
import type { Container } from './container.ts'
import type { Line } from './container-log.ts'
import { containerRow, matches } from './container-row.ts'
import { signalName } from './run-options.ts'

/** `docker ps`. */
export function ps(docker: Docker, call: EngineCall): number {
  const options = { ...listFlags, all: { type: 'boolean', short: 'a' }, filter: { type: 'string', short: 'f', multiple: true } } as const
  const { values } = parse('ps', call.args, options, [0, 0])
  const filters = values.filter ?? []
  const all = values.all || filters.some((filter) => filter.startsWith('status='))
  const found = docker.containers
    .list()
    .map(({ record }) => record)
    .filter((record) => all || record.state.status === 'running' || record.state.status === 'restarting')
    .filter((record) => matches(record, filters))
  const columns = { ID: 'CONTAINER ID', Image: 'IMAGE', Command: 'COMMAND', Status: 'STATUS', Ports: 'PORTS', Names: 'NAMES' }
  call.out(rows(found.map(containerRow), values, columns))
  return 0
}

/** `docker logs`, with `-f` until the container ends or the reader has gone. */
export async function logs(docker: Docker, call: EngineCall): Promise<number> {
  const options = {
    follow: { type: 'boolean', short: 'f' },
    tail: { type: 'string', short: 'n', default: 'all' },
    timestamps: { type: 'boolean', short: 't' },
  } as const
  const { values, rest } = parse('logs', call.args, options, [1, 1])
  const { tail } = values
  const container = docker.containers.get(rest[0]!)
  if (tail !== 'all' && !/^\d+$/.test(tail)) throw daemon(`invalid tail option: "${tail}"`)
  const show = ({ log, stream, time }: Line) => call[stream === 'stdout' ? 'out' : 'err'](values.timestamps ? `${time} ${log}` : log)
  const lines = container.log.read()
  for (const line of tail === 'all' ? lines : lines.slice(Math.max(lines.length - Number(tail), 0))) show(line)
  const { status } = container.record.state
  if (!values.follow || status === 'exited' || status === 'created') return 0
  const stop = container.log.follow(show)
  await Promise.race([container.wait(), once(call.gone, 'abort')])
  stop()
  return 0
}

const time = { type: 'string', short: 't' } as const
const seconds = (text: string | undefined) => (text === undefined ? undefined : Number(text))

/** `docker start`, `stop`, `restart`, `kill`, `rm`: the same thing with each of the named containers. */
export const start = forEach('start', {}, (container, _values, docker) => docker.containers.start(container))

export const stop = forEach('stop', { time }, (container, values) => container.stop(seconds(values.time)))

export const restart = forEach('restart', { time }, async (container, values, docker) => {
  await container.stop(seconds(values.time))
  await docker.containers.start(container)
})

export const kill = forEach('kill', { signal: { type: 'string', short: 's', default: 'SIGKILL' } }, async (container, values) => {
  const name = signalName(values.signal)
  const end = name === 'SIGKILL' ? container.wait() : undefined
  container.kill(name)
  await end
})

export const rm = forEach('rm', { force: { type: 'boolean', short: 'f' } }, (container, values, docker) =>
  docker.containers.remove(container, values.force === true),
)

function forEach<const Known extends Flags>(
  command: string,
  known: Known,
  work: (container: Container, values: ReturnType<typeof parse<Known>>['values'], docker: Docker) => Promise<void>,
) {
  return async (docker: Docker, call: EngineCall): Promise<number> => {
    const { values, rest } = parse(command, call.args, known, [1])
    const codes = await Promise.all(
      rest.map(async (name) => {
        try {
          await work(docker.containers.get(name), values, docker)
          call.out(`${name}\n`)
          return 0
        } catch (error) {
          if (!(error instanceof Refusal)) throw error
          call.err(`${error.message}\n`)
          // Removing by force what is not there is no failure, as in docker itself.
          return command === 'rm' && 'force' in values && !docker.containers.find(name) ? 0 : 1
        }
      }),
    )
    return Math.max(...codes)
  }
}
