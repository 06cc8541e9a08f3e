import { readFileSync } from 'node:fs'

/** Environment variables, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A setting from the config: the variable of this name or, where that is not set, the text of the file that the
 * variable `NAME_FILE` names. Secrets and schemas come as files.
 *
 * @returns undefined where it is neither; a line break at the end of a file is no part of it
 * @throws Error with a finished sentence when the file cannot be read
 */
export function readSetting(environment: Environment, name: string): string | undefined {
  const variable = `${name}_FILE`
  const file = environment[variable]
  if (environment[name] || !file) return environment[name] || undefined
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new Error(`The file of ${variable} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
