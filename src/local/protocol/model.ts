import { readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The wire shapes of the query-protocol actions that the embedded cloud answers, as AWS's own service models state
 * them. `model.json` is written by `generate.ts` from the official SDK's schemas, so no wire name in this cloud is of
 * our invention.
 */
export type Model = Readonly<Record<string, ServiceModel>>

export interface ServiceModel {
  readonly version: string
  readonly namespace: string
  readonly operations: Readonly<Record<string, { readonly input: string; readonly output: string }>>
  readonly shapes: Readonly<Record<string, Shape>>
}

/**
 * A structure says of each member `QUERY XML SHAPE`: its name in a request, its name in an answer, and what it is, with
 * a `!` behind when it must be given. A list says `QUERY XML SHAPE` of its items; `-` as QUERY means that the list is
 * flattened into its own name. Scalars are the shapes `string`, `number`, `boolean`, `timestamp` and `blob`.
 */
export interface Shape {
  readonly members?: Readonly<Record<string, string>>
  readonly item?: string
}

export interface Member {
  readonly query: string
  readonly xml: string
  readonly shape: string
  readonly required: boolean
}

/** Takes one of the strings that `Shape` describes apart. */
export function member(text: string): Member {
  const [query = '', xml = '', shape = ''] = text.split(' ')
  return { query, xml, shape: shape.replace('!', ''), required: shape.endsWith('!') }
}

/** Read once at start; the file is part of the program. */
export const model: Model = JSON.parse(readFileSync(path.join(import.meta.dirname, 'model.json'), 'utf8'))
