import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exit, Failure } from '../../src/report/failure.ts'
import type { ConfigContext } from '../schema/options.ts'

/** A config file that has been read and run. */
export interface ConfigModule {
  /** What it exports by default or, if that is a function, what it returned. */
  readonly given: unknown
  /** Its text. */
  readonly source: string
}

/**
 * Runs a config file. A file that was edited since is run anew.
 *
 * @param file absolute
 * @param shown the file as it is named in messages
 * @param context what the config function is told
 * @throws Failure (exit code `usage`) when the file is missing, does not parse, throws, or exports nothing by default
 */
export async function runConfig(file: string, shown: string, context: ConfigContext): Promise<ConfigModule> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (!found?.isFile()) {
    throw new Failure(`There is no config file at ${file}.`, {
      next: `Change to the folder that holds ${basename(file)}, then run the command again.`,
      code: exit.usage,
    })
  }
  const source = await readFile(file, 'utf8')
  try {
    const module = (await import(`${pathToFileURL(file)}?edited=${found.mtimeMs}`)) as { default?: unknown }
    if (module.default === undefined) throw noDefault(shown)
    const given: unknown = typeof module.default === 'function' ? await module.default(context) : module.default
    return { given, source }
  } catch (error) {
    throw error instanceof Failure ? error : explain(error, file, shown, source)
  }
}

function noDefault(shown: string): Failure {
  return new Failure(`${shown}:1 has no default export.`, {
    likely: 'A config file exports its config: export default defineConfig(({ stage }) => ({ … }))',
    next: `Put "export default" before defineConfig in ${shown}, then run the command again.`,
    code: exit.usage,
  })
}

/** Tells what the user can do about an error that came out of a config file. */
function explain(error: unknown, file: string, shown: string, source: string): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const line = lineOf(error, file, source)
  const place = line === undefined ? shown : `${shown}:${line}`
  const verb = error instanceof SyntaxError ? 'does not parse' : isMissing(error) ? 'imports what is not there' : 'threw an error'
  return new Failure(`${place} ${verb}: ${message}`, {
    next: `Correct ${place}, then run the command again. Nothing was changed in AWS.`,
    code: exit.usage,
    cause: error,
  })
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_MODULE_NOT_FOUND'
}

/** The line of the config file that an error's stack names, or that holds the import that was not found. */
function lineOf(error: unknown, file: string, source: string): number | undefined {
  if (!(error instanceof Error)) return undefined
  const stack = error.stack ?? ''
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(name)
    const line = at < 0 ? null : /^(?:\?edited=[\d.]+)?:(\d+)/.exec(stack.slice(at + name.length))
    if (line) return Number(line[1])
  }
  const missing = isMissing(error) ? /'([^']+)'/.exec(error.message)?.[1] : undefined
  const index = missing === undefined ? -1 : source.split('\n').findIndex((text) => text.includes(basename(missing)))
  return index < 0 ? undefined : index + 1
}
