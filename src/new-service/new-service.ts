/**
 * src/new-service makes a service: a folder on the kit with a test, and an entry in the config.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isName, nameRule } from '../../config/checks/names.ts'
import type { Config } from '../../config/config.ts'
import { objectAt } from '../../config/source/positions.ts'
import { loadConfig } from '../load-config.ts'
import { exit, Failure } from '../report/failure.ts'
import { writing } from '../report/no-space.ts'
import { writeWhole } from '../report/whole-file.ts'
import { freePort } from './free-port.ts'
import { insertMember } from './insertion.ts'
import { configEntry, type NewService, serviceFiles } from './template.ts'

export interface Made extends NewService {
  /** What was written, relative to the project; the config comes last. */
  readonly files: readonly string[]
}

/**
 * Makes a service and puts it into the config, whose formatting and comments stay as they are. Nothing is left behind
 * where that fails.
 *
 * @param config the project as it is
 * @param port where it listens; the first free one after the other services' where nothing is said
 * @throws Failure (usage) when there is such a service already, when the name or the port is none, or when the config
 *   is written in a way that only a person can add to: the message says what to add then
 */
export async function makeService(config: Config, name: string, port: number = freePort(config)): Promise<Made> {
  refuseName(config, name)
  const folder = join(config.folder, 'services', name)
  if (existsSync(folder))
    throw new Failure(`There is a folder services/${name} already.`, {
      code: exit.usage,
      next: 'Choose another name, or add it to the config by hand.',
    })
  const source = await readFile(config.file, 'utf8')
  const services = objectAt(source, ['services'])
  const entry = inQuotesOf(source, configEntry({ name, port }))
  const shown = relative(config.folder, config.file)
  if (!services)
    throw new Failure(`The services of ${shown} do not stand there as one object, so ${name} cannot be written into it.`, {
      code: exit.usage,
      next: `Add it by hand: ${entry}`,
    })
  const files = serviceFiles({ name, port })
  try {
    await writing(folder, mkdir(folder))
    for (const [file, text] of Object.entries(files)) await writing(join(folder, file), writeFile(join(folder, file), text))
    const changed = insertMember(source, services, entry)
    await writeWhole(config.file, (partial) => writeFile(partial, changed))
    // What was written is read as every script will: a wrong port, for one, is told with its line.
    const written = await loadConfig({ file: config.file, stage: config.stage })
    if (!written.services.some((service) => service.name === name))
      throw new Failure(`${name} did not get into ${shown}.`, { next: `Add it by hand: ${entry}` })
  } catch (error) {
    await writeWhole(config.file, (partial) => writeFile(partial, source))
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  return { name, port, files: [...Object.keys(files).map((file) => `services/${name}/${file}`), shown] }
}

function refuseName(config: Config, name: string): void {
  if (!isName('service', name))
    throw new Failure(`${JSON.stringify(name)} is no name of a service, expected ${nameRule('service')}.`, { code: exit.usage })
  if (config.services.some((service) => service.name === name))
    throw new Failure(`There is a service ${name} already.`, { code: exit.usage, on: `service ${name}`, next: 'Choose another name.' })
}

/**
 * The port of a command line; undefined where none was given.
 *
 * @throws Failure (usage) when it is none that a service may have
 */
export function readPort(given: unknown): number | undefined {
  if (given === undefined) return undefined
  const port = /^\d{1,5}$/.test(String(given)) ? Number(given) : 0
  if (port < 1024 || port > 65535)
    throw new Failure(`${JSON.stringify(given)} is no port of a service, expected one from 1024 to 65535.`, { code: exit.usage })
  return port
}

/** Whichever quotes the file has more of. */
function inQuotesOf(source: string, entry: string): string {
  const double = source.split('"').length > source.split("'").length
  return double ? entry.replaceAll("'", '"') : entry
}
