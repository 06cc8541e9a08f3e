import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

/**
 * Looks at a parsed value.
 * @returns where and why it is not as the schema says (`/values/2 must be number`); undefined when it is
 */
export type CheckSchema = (value: unknown) => string | undefined

/**
 * Reads a JSON Schema from a file and makes a check of it. Drafts 6 and 7 where `$schema` says so, 2020-12 otherwise.
 *
 * @throws Error that says what is wrong: no such file, no JSON, no schema, or something that is most probably a
 *   mistake, such as an unknown keyword
 */
export function readSchema(file: string): CheckSchema {
  return compileSchema(readFileSync(file, 'utf8'))
}

/** As `readSchema`, for the text of a schema. */
export function compileSchema(text: string): CheckSchema {
  const schema: unknown = JSON.parse(text)
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw new Error('a schema is a JSON object')
  const draft = String((schema as { $schema?: unknown }).$schema ?? '')
  // Types may be stated or left out as the schema's author likes; a union of types is nothing unusual in data.
  const options = { strictTypes: false, strictRequired: false, strictTuples: false, allowUnionTypes: true, logger: false } as const
  const ajv = /draft-0[67]/.test(draft) ? new Ajv(options) : new Ajv2020(options)
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return (value) => (validate(value) ? undefined : describe(validate.errors![0]!))
}

function describe({ instancePath, message, params }: ErrorObject): string {
  // Ajv's own message does not name what was one too many.
  const extra = 'additionalProperty' in params ? `: ${JSON.stringify(params.additionalProperty).slice(0, 60)}` : ''
  return `${instancePath.slice(0, 200) || 'the value'} ${message ?? 'is not as the schema says'}${extra}`
}
