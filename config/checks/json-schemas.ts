import { resolve } from 'node:path'
import type { Diagnostics } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'
import { checkFile } from '../source/sources.ts'

/** Reads a JSON Schema as the services will. Throws an Error whose message says what is wrong with it. */
export type ReadSchema = (file: string) => unknown

/** Whether a config names a JSON Schema at all: only then what reads one has to be loaded. */
export function namesSchemas(config: Draft): boolean {
  return servicesOf(config).some(([, { schema }]) => schema !== undefined)
}

/**
 * Finds JSON Schemas that are not there, that no service could use, or that would not get into its image.
 *
 * @param folder the folder of the config file, absolute; schemas are relative to it
 */
export function checkSchemas(config: Draft, folder: string, read: ReadSchema, diagnostics: Diagnostics): void {
  for (const [name, { schema, dockerfile }] of servicesOf(config)) {
    if (schema === undefined) continue
    const path = ['services', name, 'schema']
    if (dockerfile !== undefined)
      diagnostics.statement(path, 'a schema beside a dockerfile', 'one that the dockerfile itself copies into the image')
    if (!checkFile(path, schema, folder, diagnostics)) continue
    try {
      read(resolve(folder, schema))
    } catch (error) {
      diagnostics.value(path, schema, `a JSON Schema: ${(error as Error).message}`)
    }
  }
}
