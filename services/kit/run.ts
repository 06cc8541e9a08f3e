import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { lameDuckSignal } from './lame-duck.ts'
import { createLog, type Log } from './log.ts'
import type { Service } from './service.ts'
import { type Environment, readSetting } from './setting.ts'

/** What a service is told by the machine that runs it. */
export interface Surroundings {
  /** `SERVICE_NAME`; its own name where that is not set. */
  readonly name: string
  /** `HOST`: loopback where nothing else is said; an image sets 0.0.0.0. */
  readonly host: string
  /** `PORT`; 0 takes a free one. */
  readonly port: number
  /**
   * `DATA_DIR`: a folder that the service may write to, `/data` in a container; `.mlops/data/NAME` where nothing is
   * said. May not exist yet.
   */
  readonly dataDir: string
  /** Whatever else the config's `environment` holds. */
  readonly environment: Environment
  /**
   * A setting from the config: the variable of this name or, where that is not set, the text of the file that the
   * variable `NAME_FILE` names. Secrets and schemas come as files.
   *
   * @returns undefined where it is neither; a line break at the end of a file is no part of it
   * @throws Error with a finished sentence when the file cannot be read
   */
  setting(name: string): string | undefined
}

/**
 * Reads a service's surroundings from environment variables.
 *
 * @param defaults the service's own name and port
 * @throws Error with a finished sentence when `PORT` is no port
 */
export function readSurroundings(environment: Environment, defaults: { name: string; port: number }): Surroundings {
  const name = environment.SERVICE_NAME || defaults.name
  const given = environment.PORT || String(defaults.port)
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (!(port <= 65535)) throw new Error(`PORT is ${JSON.stringify(given)}, expected a number from 0 to 65535.`)
  return {
    name,
    port,
    host: environment.HOST || '127.0.0.1',
    dataDir: environment.DATA_DIR || join('.mlops', 'data', name),
    environment,
    setting: (variable) => readSetting(environment, variable),
  }
}

/**
 * Runs a service as this process: starts it, says in one JSON line where it listens, and ends it on SIGTERM or SIGINT.
 * The process ends with 0 after a drain, and with 1, after one JSON line that says why, when the service could not
 * start or when connections had to be cut.
 *
 * @param defaults the service's own name and port
 * @param create makes the service; what it throws is a failed start
 */
export async function run(
  defaults: { name: string; port: number },
  create: (surroundings: Surroundings) => Service | Promise<Service>,
): Promise<void> {
  // A thread that a service starts from its own bundle runs this as well, and is not another service.
  if (!isMainThread) return
  // The middle one of V8's compilers leaves more than 10 MB behind that nobody uses again, and what runs often goes on
  // to the last one anyway. Node takes this flag from its command line and from here, not from NODE_OPTIONS.
  setFlagsFromString('--no-maglev')
  // What Node itself writes there, such as a warning, fails where the disk is full; unheard, that would end the
  // process. To look at them makes pipes of them that do not block, so that a reader that has stopped does not stop us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  let log: Log = createLog(defaults.name, 'info')
  // From the start, since the signal would end a process that does not take it.
  let letGo = () => {}
  process.on(lameDuckSignal, () => letGo())
  try {
    const surroundings = readSurroundings(process.env, defaults)
    log = createLog(surroundings.name)
    const service = await create(surroundings)
    const listening = await service.listen(surroundings)
    const { host, port, close } = listening
    letGo = () => {
      log('info', 'letting clients go', { signal: lameDuckSignal })
      listening.letGo()
    }
    const end = async (signal: string) => {
      const closed = close()
      log('info', 'draining', { signal })
      const cut = await closed.catch((error) => {
        log('error', 'the service could not end in good order', { error })
        process.exit(1)
      })
      if (cut > 0) log('error', 'connections were cut at the end of the drain', { cut })
      else log('info', 'drained')
      process.exit(cut > 0 ? 1 : 0)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end(signal))
    log('info', 'listening', { host, port })
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    log('error', 'the service could not start', { reason: message, code })
    process.exit(1)
  }
}
