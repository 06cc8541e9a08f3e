import { HttpError } from '../kit/http-error.ts'
import type { Work } from '../kit/turns.ts'
import { listText } from './answer-text.ts'
import type { Answer } from './batcher.ts'
import { type Model, type TensorFacts, valueAt } from './model.ts'
import { datatypes } from './number-type.ts'
import { checkCount, checkLength, describe, type RowRules, type Rows } from './rows.ts'

/** A request to infer, checked. */
export interface InferRequest {
  readonly id: string | undefined
  readonly rows: Rows
  /** Indices of the outputs that are asked for. */
  readonly outputs: readonly number[]
}

/**
 * Numbers by any of these names are taken, whatever the model's own are: clients differ in what they send by default.
 */
const numeric = new Set(Object.values(datatypes).filter((name) => name !== 'BYTES' && name !== 'BOOL'))

/** How many values are looked at in one step: well below a millisecond. */
const stepValues = 16 * 1024

/** What the protocol says about an input or output; -1 stands for any size. */
export function describeTensor({ name, type, shape }: TensorFacts): { name: string; datatype: string; shape: number[] } {
  return { name, datatype: datatypes[type]!, shape: shape.map((size) => size ?? -1) }
}

/**
 * Reads a request to `/v2/models/…/infer`:
 * https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
 *
 * Takes a step at a time: half a million numbers fit into a body.
 *
 * @param body the parsed JSON: `{ id?, inputs: [{ name, shape, datatype, data }], outputs?: [{ name }] }`
 * @throws HttpError 400 that says what is wrong, and where
 */
export function* readInfer(
  body: unknown,
  model: Pick<Model, 'input' | 'outputs' | 'hasRows'>,
  rules: RowRules,
): Generator<void, InferRequest> {
  const { id, inputs, outputs } = fieldsOf(body, 'the request')
  if (id !== undefined && typeof id !== 'string') throw new HttpError(400, `id is ${describe(id)}, expected a text`)
  if (!Array.isArray(inputs)) throw new HttpError(400, `inputs is ${describe(inputs)}, expected a list with the tensor ${model.input.name}`)
  if (inputs.length !== 1)
    throw new HttpError(400, `inputs has ${inputs.length} tensors, the model ${rules.model} takes 1: ${model.input.name}`)
  const { name, shape, datatype, data } = fieldsOf(inputs[0], 'inputs[0]')
  if (name !== model.input.name)
    throw new HttpError(400, `inputs[0].name is ${describe(name)}, expected ${JSON.stringify(model.input.name)}`)
  if (typeof datatype !== 'string' || !numeric.has(datatype)) {
    throw new HttpError(400, `inputs[0].datatype is ${describe(datatype)}, expected ${model.input.numbers.datatype} or other numbers`)
  }
  const { count, length } = readShape(shape, model, rules)
  const values = yield* flatten(data, count * length)
  for (let index = 0; index < values.length; index++) {
    if (index % stepValues === 0) yield
    if (rules.numbers.holds(values[index])) continue
    const place = `row ${Math.floor(index / length)}, column ${index % length}, counted from 0`
    throw new HttpError(400, `inputs[0].data has ${describe(values[index])}, expected ${rules.numbers.expected} (${place})`)
  }
  yield
  const rows = Array.from({ length: count }, (_, row) => values.slice(row * length, (row + 1) * length) as number[])
  yield
  return { id, rows, outputs: readOutputs(outputs, model) }
}

function fieldsOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new HttpError(400, `${name} is ${describe(value)}, expected an object`)
}

/** No tensor has more; a shape that has is not shown either. */
const mostAxes = 32

function readShape(
  shape: unknown,
  { input, hasRows }: Pick<Model, 'input' | 'hasRows'>,
  rules: RowRules,
): { count: number; length: number } {
  const isShape =
    Array.isArray(shape) && shape.length <= mostAxes && shape.every((size) => Number.isInteger(size) && size > 0 && size <= 2 ** 31)
  if (!isShape) throw new HttpError(400, `inputs[0].shape is ${showShape(shape)}, expected a list of whole numbers above 0`)
  const sizes: number[] = shape
  const wanted = describeTensor(input).shape
  const fits =
    sizes.length === wanted.length && sizes.every((size, axis) => (axis === 0 && hasRows) || wanted[axis] === -1 || size === wanted[axis])
  const [count, inner] = hasRows ? [sizes[0] ?? 0, sizes.slice(1)] : [1, sizes]
  const length = inner.reduce((product, size) => product * size, 1)
  if (sizes.length === wanted.length) checkLength(length, 'inputs[0]', rules)
  if (!fits) throw new HttpError(400, `inputs[0].shape is [${sizes}], the model ${rules.model} takes [${wanted}]`)
  checkCount(count, 'inputs[0]', rules)
  return { count, length }
}

/** A shape in a few words: it may be as long as the request. */
function showShape(shape: unknown): string {
  return Array.isArray(shape) && shape.length <= mostAxes ? JSON.stringify(shape).slice(0, 60) : describe(shape)
}

/** The values of a tensor, which may come as one list or nested by its axes. */
function* flatten(data: unknown, size: number): Generator<void, unknown[]> {
  if (!Array.isArray(data)) throw new HttpError(400, `inputs[0].data is ${describe(data)}, expected a list of numbers`)
  let values: unknown[] = data
  // No tensor has more axes than ONNX Runtime's limit; what is nested deeper is refused as no number.
  for (let depth = 0; depth < 8 && values.length <= size; depth++) {
    const flat = yield* flattenOnce(values)
    if (flat === values) break
    values = flat
  }
  if (values.length !== size) throw new HttpError(400, `inputs[0].data has ${values.length} values, its shape says ${size}`)
  return values
}

/** The values with those of the lists among them in their place; the same list where there is none among them. */
function* flattenOnce(values: unknown[]): Generator<void, unknown[]> {
  let flat: unknown[] | undefined
  for (let index = 0; index < values.length; index++) {
    if (index % stepValues === 0) yield
    const value = values[index]
    if (Array.isArray(value)) {
      flat ??= values.slice(0, index)
      for (const each of value) flat.push(each)
    } else flat?.push(value)
  }
  return flat ?? values
}

function readOutputs(wanted: unknown, { outputs }: Pick<Model, 'outputs'>): number[] {
  if (wanted === undefined) return outputs.map((_, index) => index)
  if (!Array.isArray(wanted)) throw new HttpError(400, `outputs is ${describe(wanted)}, expected a list of tensors`)
  const seen = new Set<number>()
  return wanted.map((each, position) => {
    const { name } = fieldsOf(each, `outputs[${position}]`)
    const index = outputs.findIndex((output) => output.name === name)
    if (index < 0) {
      const known = outputs.map((output) => output.name).join(', ')
      throw new HttpError(400, `outputs[${position}].name is ${describe(name)}, the model has ${known}`)
    }
    // One that is asked for twice would be answered twice: a few bytes each time for as much as all rows have.
    if (seen.has(index)) throw new HttpError(400, `outputs[${position}].name is ${describe(name)}, which is asked for already`)
    seen.add(index)
    return index
  })
}

/**
 * The answer to a request, as JSON: the outputs that it asks for, with the rows in its order.
 *
 * @throws HttpError 422 when a number is not finite, which JSON cannot show: features can lead there, such as very
 *   large ones, and 499 when nobody waits for it any more
 */
export async function inferReply(
  request: InferRequest,
  answers: readonly Answer[],
  { name, version, hasRows }: { name: string; version: string; hasRows: boolean },
  work: Work,
): Promise<string> {
  const outputs: string[] = []
  for (const output of request.outputs) {
    const { name, datatype, rowShape, stride } = answers[0]!.outputs[output]!
    const value = (index: number) => {
      const { outputs, row } = answers[Math.floor(index / stride)]!
      const found = valueAt(outputs[output]!, row, index % stride)
      if (typeof found !== 'number' || Number.isFinite(found)) return found
      throw new HttpError(422, 'The model gives no finite number for this request')
    }
    const head = JSON.stringify({ name, datatype, shape: hasRows ? [answers.length, ...rowShape] : rowShape })
    outputs.push(`${head.slice(0, -1)},"data":${await listText(answers.length * stride, value, work)}}`)
  }
  const head = JSON.stringify({ model_name: name, model_version: version, ...(request.id !== undefined && { id: request.id }) })
  return `${head.slice(0, -1)},"outputs":[${outputs.join(',')}]}`
}
