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
const settings = ['MLOPS_BOOT_SECONDS', 'MLOPS_CLOUD_LATENCY_MS', 'MLOPS_LOOPBACK']

/** The program of the cloud, with its arguments. */
export function commandOf(folder: string, wanted: Record<string, string | number | undefined>): string[] {
  const options = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
  return [path.join(import.meta.dirname, '../main.ts'), '--folder', folder, ...options]
}

/** Starts the process in a session of its own. Its exit code appears in what is returned. */
export function launch(folder: string, wanted: Record<string, string | number | undefined>): { code: number | undefined } {
  // Node makes it, with whatever umask the caller has, before any code of ours runs; and what lies in it is run.
  makeFolder(path.join(folder, 'compiled'))
  const outcome: { code: number | undefined } = { code: undefined }
  spawnDetached(commandOf(folder, wanted), { cwd: folder, log: path.join(folder, 'cloud.log'), env: environmentOf(process.env, folder) })
    .once('error', () => {
      outcome.code = exitCodes.failed
    })
    .once('exit', (code) => {
      outcome.code = code ?? exitCodes.failed
    })
  return outcome
}
