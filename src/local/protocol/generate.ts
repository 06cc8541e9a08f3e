/**
 * Writes `model.json` from the official SDK's schemas: `node src/local/protocol/generate.ts`. Run it after a handler
 * was added or the SDK was updated; a test compares the file with what this prints.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { NormalizedSchema } from '@smithy/core/schema'
import { ec2 } from '../ec2/service.ts'
import { iam } from '../iam/service.ts'
import { sts } from '../iam/sts.ts'
import type { Model, Shape } from './model.ts'

interface Dialect {
  readonly ec2: boolean
  readonly version: string
  readonly namespace: string
}

const services = {
  ec2: { actions: ec2, ec2: true, version: '2016-11-15', namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/' },
  iam: { actions: iam, ec2: false, version: '2010-05-08', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  sts: { actions: sts, ec2: false, version: '2011-06-15', namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
} as const

/** The model of every action that has a handler. Throws when the SDK does not know one of them. */
export async function generate(): Promise<Model> {
  const entries = Object.entries(services).map(async ([name, { actions, ...dialect }]) => {
    const schemas: Record<string, unknown> = await import(`@aws-sdk/client-${name}`)
    return [name, serviceModel(schemas, Object.keys(actions).sort(), dialect)]
  })
  return Object.fromEntries(await Promise.all(entries))
}

function serviceModel(schemas: Record<string, unknown>, names: readonly string[], { ec2, version, namespace }: Dialect) {
  const shapes: Record<string, Shape> = {}

  function visit(schema: NormalizedSchema): string {
    if (schema.isUnitSchema()) return 'unit'
    if (schema.isBlobSchema()) return 'blob'
    if (schema.isBooleanSchema()) return 'boolean'
    if (schema.isNumericSchema()) return 'number'
    if (schema.isTimestampSchema()) return 'timestamp'
    if (schema.isListSchema()) return list(schema)
    if (schema.isStructSchema()) return structure(schema)
    return 'string'
  }

  function list(schema: NormalizedSchema): string {
    const item = schema.getValueSchema()
    const xml = (item.getMergedTraits().xmlName as string | undefined) ?? 'member'
    const text = `${ec2 || schema.getMergedTraits().xmlFlattened ? '-' : xml} ${xml} ${visit(item)}`
    const name = `${item.isStructSchema() ? item.getName() : visit(item)}List.${xml}`
    shapes[name] = { item: text }
    return name
  }

  function structure(schema: NormalizedSchema): string {
    const name = schema.getName() ?? ''
    if (shapes[name]) return name
    const members: Record<string, string> = {}
    shapes[name] = { members }
    // The seventh field of a structure's static schema counts its required members, which come first.
    const required = (schema.getSchema() as unknown as unknown[])[6] ?? 0
    for (const [key, value] of schema.structIterator()) {
      const traits = value.getMergedTraits()
      const xml = (traits.xmlName as string | undefined) ?? key
      const query = ec2 ? ((traits.ec2QueryName as string | undefined) ?? xml[0]?.toUpperCase() + xml.slice(1)) : xml
      const index = Object.keys(members).length
      members[key] = `${query} ${xml} ${visit(value)}${index < Number(required) ? '!' : ''}`
    }
    return name
  }

  const operations: Record<string, { input: string; output: string }> = {}
  for (const name of names) {
    const operation = schemas[`${name}$`] as [number, string, string, unknown, () => never, () => never] | undefined
    if (!operation) throw new Error(`the SDK has no schema of ${name}`)
    const [input, output] = [operation[4], operation[5]].map((each) => visit(NormalizedSchema.of(each)))
    operations[name] = { input: input ?? '', output: output ?? '' }
  }
  const sorted = Object.fromEntries(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { version, namespace, operations, shapes: sorted }
}

if (import.meta.main) {
  const file = path.join(import.meta.dirname, 'model.json')
  writeFileSync(file, `${JSON.stringify(await generate(), null, 2)}\n`)
}
