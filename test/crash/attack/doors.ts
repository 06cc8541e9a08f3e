import type { Connection } from './case.ts'
import { post } from './message.ts'

/** A route that takes bodies, and how bodies look there. */
export interface Door {
  readonly path: string
  readonly type: string
  /** As much as one body may have, in bytes, before and after unpacking. */
  readonly limit: number
  /** A valid body of about so many bytes. */
  valid(bytes: number): string
  /** A body with any JSON where the service may not look for it; valid otherwise. */
  around(json: string): string
  /** A body whose list has the same entry so many times. */
  repeated(count: number): string
  /** Why the same entry so many times must be refused; undefined where it may be taken. */
  readonly refuseRepeated?: string
}

/** A valid request of about so many bytes. */
export function validPost(door: Door, bytes: number): Connection {
  return post(door.path, door.valid(bytes), door)
}

const MiB = 1024 * 1024
const json = 'application/json'
const times = (text: string, count: number, between = ',') =>
  Array.from({ length: Math.max(1, Math.floor(count)) }, () => text).join(between)

/** A service that nothing is known of: objects, in case it takes them. */
export function unknownDoor(path: string): Door {
  return {
    path,
    type: json,
    limit: MiB,
    valid: (bytes) => `{"values":[${times('0.5', bytes / 4 - 5)}]}`,
    around: (value) => `{"value":1,"more":${value}}`,
    repeated: (count) => `{"values":[${times('{"name":"a"}', count)}]}`,
  }
}

/** `/ingest` of data-ingestion: one record, an array of them, and one a line. */
export const ingestionDoors: readonly Door[] = [
  {
    path: '/ingest',
    type: json,
    limit: MiB,
    valid: (bytes) => `{"sensor":"a","values":[${times('0.5', bytes / 4 - 10)}]}`,
    around: (value) => `{"sensor":"a","value":${value}}`,
    repeated: (count) => `{${times('"sensor":1', count)}}`,
  },
  {
    path: '/ingest',
    type: json,
    limit: MiB,
    valid: (bytes) => `[${times('{"sensor":"a","value":0.5}', Math.min(10_000, bytes / 28))}]`,
    around: (value) => `[{"sensor":"a","value":1},{"sensor":"a","value":${value}}]`,
    repeated: (count) => `[${times('{"a":1}', count)}]`,
  },
  {
    path: '/ingest',
    type: 'application/x-ndjson',
    limit: 64 * MiB,
    valid: (bytes) => times(`{"sensor":"a","value":"${'x'.repeat(970)}"}`, bytes / 1000, '\n'),
    around: (value) => `{"sensor":"a","value":${value}}`,
    repeated: (count) => times('{"a":1}', count, '\n'),
  },
]

/** What the service tells at `/v2/models/NAME`. */
export interface ModelFacts {
  readonly name: string
  readonly inputs: readonly { name: string; datatype: string; shape: readonly number[] }[]
  readonly outputs: readonly { name: string }[]
}

/** `/predict` of ml-inference with one row and with a list, and the Open Inference Protocol. */
export function inferenceDoors({ name, inputs, outputs }: ModelFacts): readonly Door[] {
  const { name: input, datatype, shape } = inputs[0] ?? { name: 'features', datatype: 'FP64', shape: [-1, -1] }
  const fixed = shape.slice(1).reduce((product, size) => product * size, 1)
  const columns = (wanted: number) => (fixed > 0 ? fixed : Math.max(1, Math.floor(wanted)))
  const row = (wanted: number) => `[${times('0.5', columns(wanted))}]`
  const tensor = (rows: number, wanted: number, more = '') =>
    `{"inputs":[{"name":"${input}","datatype":"${datatype}","shape":[${rows},${columns(wanted)}],"data":[${times('0.5', rows * columns(wanted))}]}]${more}}`
  const rows = (bytes: number) => Math.max(1, Math.min(1000, Math.floor(bytes / 100)))
  const per = (bytes: number) => (bytes - 200) / 4 / rows(bytes) - 1
  const predict = { path: '/predict', type: json, limit: MiB }
  return [
    {
      ...predict,
      valid: (bytes) => `{"features":${row((bytes - 20) / 4)}}`,
      around: (value) => `{"features":${row(1)},"more":${value}}`,
      repeated: (count) => `{"features":${row(1)},${times('"features":[0.5]', count)}}`,
    },
    {
      ...predict,
      valid: (bytes) => `{"instances":[${times(row(per(bytes)), rows(bytes))}]}`,
      around: (value) => `{"instances":[${row(1)}],"more":${value}}`,
      repeated: (count) => `{"instances":[${times(row(1), count)}]}`,
    },
    {
      ...predict,
      path: `/v2/models/${encodeURIComponent(name)}/infer`,
      valid: (bytes) => tensor(rows(bytes), per(bytes)),
      around: (value) => tensor(1, 1, `,"parameters":${value}`),
      repeated: (count) => tensor(1000, 1, `,"outputs":[${times(`{"name":"${outputs[0]?.name ?? 'output'}"}`, count)}]`),
      refuseRepeated: 'it asks for the same output more than once',
    },
  ]
}
