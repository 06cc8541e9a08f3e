import path from 'node:path'
import { makeFolder } from '../files/keys.ts'
import { exitCodes } from './exit-codes.ts'
import { spawnDetached } from './spawn.ts'

/**
 * What the cloud's process gets of its first caller's environment: it lives long, serves other callers, and needs
 * neither their secrets nor their credentials.
 */
export function environmentOf(env: NodeJS.ProcessEnv, folder: string): Record<string, string> {
  const wanted = (name: string) =>
    /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|NODE_V8_COVERAGE|TEST_FILE_RUN)$/.test(name) || settings.includes(name)
  const kept = Object.entries(env).flatMap(([name, value]) => (value !== undefined && wanted(name) ? [[name, value]] : []))
  // Parsing and stripping the types of a hundred files takes longer than everything else at a start.
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: path.join(folder, 'compiled') }
}

/** Settings of the embedded cloud itself, all of them for tests and trials. */
const settings = [
  'MLOPS_AGENT_RECONNECT_MS',
  'MLOPS_BOOT_SECONDS',
  'MLOPS_CLOUD_LATENCY_MS',
  'MLOPS_LOOPBACK',
  'MLOPS_OWN_ADDRESS_MS',
  'MLOPS_PARAMETER_REUSE_SECONDS',
]

/** The program of the cloud, with its arguments. */
export function commandOf(folder: string, wanted: Record<string, string | number | undefined>): string[] {
  const options = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
  return [path.join(import.meta.dirname, '../main.ts'), '--folder', folder, ...options]
}

/** A cloud that is being started. */
export interface Launched {
  readonly pid: number | undefined
  /** Its exit code, once it has ended. */
  code: number | undefined
  /**
   * Ends one that is not needed: it would become the cloud of this folder as soon as the one that is there has ended.
   */
  end(): void
}

/** Starts the process in a session of its own. */
export function launch(folder: string, wanted: Record<string, string | number | undefined>): Launched {
  // Node makes it, with whatever umask the caller has, before any code of ours runs; and what lies in it is run.
  makeFolder(path.join(folder, 'compiled'))
  const child = spawnDetached(commandOf(folder, wanted), {
    cwd: folder,
    log: path.join(folder, 'cloud.log'),
    env: environmentOf(process.env, folder),
  })
  const launched: Launched = { pid: child.pid, code: undefined, end: () => void child.kill('SIGKILL') }
  child.once('error', () => {
    launched.code = exitCodes.failed
  })
  child.once('exit', (code) => {
    launched.code = code ?? exitCodes.failed
  })
  return launched
}
