import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Diagnostics, KeyPath } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

const kinds = ['entry', 'dockerfile'] as const

/**
 * Finds services without a source, with two, and sources that are not there.
 *
 * @param folder the folder of the config file, absolute; sources are relative to it
 */
export function checkSources(config: Draft, folder: string, diagnostics: Diagnostics): void {
  for (const [name, service] of servicesOf(config)) {
    const given = kinds.filter((kind) => service[kind] !== undefined)
    if (given.length === 2) diagnostics.statement(['services', name, 'dockerfile'], 'an entry and a dockerfile', 'one of the two')
    if (given.length === 0 && !alreadyTold(name, diagnostics)) {
      diagnostics.statement(['services', name], 'neither an entry nor a dockerfile', 'one of the two')
    }
    for (const kind of given) checkFile(['services', name, kind], service[kind]!, folder, diagnostics)
  }
}

/** Whether a problem of this service already is about its source: a value that is no path, or a misspelt key. */
function alreadyTold(name: string, diagnostics: Diagnostics): boolean {
  return diagnostics.problems.some(
    ({ path, suggestion }) => path[0] === 'services' && path[1] === name && kinds.some((kind) => kind === path[2] || kind === suggestion),
  )
}

/** Whether the file that a value names is there; says so where it is not. */
export function checkFile(path: KeyPath, given: string, folder: string, diagnostics: Diagnostics): boolean {
  const file = resolve(folder, given)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isFile()) return true
  if (found) diagnostics.value(path, given, `a file: ${file} is a folder`)
  else diagnostics.value(path, given, `a file: there is none at ${file}`, neighbours(given, file))
  return false
}

/** The other files of the folder, written the way the missing one is. */
function neighbours(given: string, file: string): string[] {
  const folder = dirname(file)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder).map((name) => given.slice(0, given.length - basename(given).length) + name)
}
