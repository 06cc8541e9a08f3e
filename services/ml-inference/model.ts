import { InferenceSession, Tensor } from 'onnxruntime-node'
import { datatypes, type NumberType, numberTypes } from './number-type.ts'

/** An input or output of a model. */
export interface TensorFacts {
  readonly name: string
  /** In ONNX Runtime's words. */
  readonly type: string
  /** Undefined where a size is not fixed. */
  readonly shape: readonly (number | undefined)[]
}

/** One output of a batch: the values of each row behind each other. */
export interface Output {
  readonly name: string
  readonly datatype: string
  /** Of a row's values; empty where a row has one number and no axis of its own. */
  readonly rowShape: readonly number[]
  /** Values a row has. */
  readonly stride: number
  readonly data: ArrayLike<number | bigint | string>
}

/** A model that takes rows of numbers. */
export interface Model {
  readonly input: TensorFacts & { readonly numbers: NumberType }
  readonly outputs: readonly TensorFacts[]
  /** How many numbers a row has; undefined where any number will do. */
  readonly columns: number | undefined
  /** Whether the input's first axis counts rows. */
  readonly hasRows: boolean
  /** How many rows it takes at once. */
  readonly rowsAtOnce: number
  /** Rows of the same length, at most `rowsAtOnce`. Rejects when the model cannot work with them. */
  run(rows: readonly (readonly number[])[]): Promise<Output[]>
  close(): Promise<void>
}

/**
 * Loads an ONNX file.
 *
 * It runs on one thread, in this process: rows that wait go as one batch, and the machine's other processors belong to
 * other services.
 *
 * @param file absolute path
 * @param label what messages call it
 * @throws Error with a finished sentence when it is no model, or one that takes something else than rows of numbers
 */
export async function loadModel(file: string, label: string): Promise<Model> {
  // The arena keeps what the largest batch ever took; without it memory follows the load. Errors are thrown, and logged
  // by whoever takes them.
  const options = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: 4,
  } as const
  const session = await InferenceSession.create(file, options).catch((error: Error) => {
    throw new Error(`${label} could not be loaded: ${error.message}`)
  })
  const [input, ...others] = session.inputMetadata.map((each) => factsOf(each, label))
  if (!input || others.length > 0) throw new Error(`${label} takes ${1 + others.length} inputs; only models with one can be served.`)
  const numbers = numberTypes[input.type]
  if (!numbers) throw new Error(`${label} takes ${input.type}, expected ${Object.keys(numberTypes).join(', ')}.`)
  const outputs = session.outputMetadata.filter(({ isTensor }) => isTensor).map((each) => factsOf(each, label))
  const known = outputs.filter(({ type }) => datatypes[type])
  const { hasRows, rowsAtOnce, columns } = rowsOf(input, label)
  const names = known.map(({ name }) => name)
  const fixed = input.shape.slice(1)

  return {
    input: { ...input, numbers },
    outputs: known,
    columns,
    hasRows,
    rowsAtOnce,
    async run(rows) {
      const length = rows[0]!.length
      const dims = hasRows ? [rows.length, ...(columns === undefined ? [length] : (fixed as number[]))] : [length]
      const feed = new Tensor(numbers.name as 'float64', numbers.pack(rows, length) as Float64Array, dims)
      const result = await session.run({ [input.name]: feed }, names)
      return known.map(({ name, type }) => outputOf(name, type, result[name] as Tensor, rows.length, hasRows))
    },
    close: () => session.release(),
  }
}

function factsOf(metadata: InferenceSession.ValueMetadata, label: string): TensorFacts {
  if (!metadata.isTensor) throw new Error(`${label} takes ${metadata.name}, which is no tensor.`)
  return { name: metadata.name, type: metadata.type, shape: metadata.shape.map((size) => (typeof size === 'number' ? size : undefined)) }
}

/**
 * How rows are laid into the input: the first of two or more axes counts them, and a single axis is a row by itself.
 */
function rowsOf({ name, shape }: TensorFacts, label: string): { hasRows: boolean; rowsAtOnce: number; columns: number | undefined } {
  const [rows, ...inner] = shape
  if (shape.length === 0) throw new Error(`${label} takes ${name}, a single number, expected rows.`)
  if (shape.length === 1) return { hasRows: false, rowsAtOnce: 1, columns: rows }
  if (rows !== undefined && rows !== 1)
    throw new Error(`${label} takes exactly ${rows} rows at once; only models for one or any number can be served.`)
  const rowsAtOnce = rows ?? Number.POSITIVE_INFINITY
  if (inner.length === 1) return { hasRows: true, rowsAtOnce, columns: inner[0] }
  const sizes = inner.filter((size) => size !== undefined)
  if (sizes.length < inner.length)
    throw new Error(`${label} takes ${name} with more than one axis of any length; a row cannot be laid into it.`)
  return { hasRows: true, rowsAtOnce, columns: sizes.reduce((product, size) => product * size, 1) }
}

function outputOf(name: string, type: string, { dims, data }: Tensor, rows: number, hasRows: boolean): Output {
  const values = data as ArrayLike<number | bigint | string>
  if (hasRows && dims[0] !== rows) throw new Error(`The output ${name} has the shape [${dims}] for ${rows} rows.`)
  return { name, datatype: datatypes[type]!, rowShape: hasRows ? dims.slice(1) : dims, stride: values.length / rows, data: values }
}

/** The value at this place of an output's row, as JSON can show it. */
export function valueAt({ data, stride, datatype }: Output, row: number, index: number): number | string | boolean {
  const value = data[row * stride + index]!
  if (datatype === 'BOOL') return Boolean(value)
  return typeof value === 'bigint' ? Number(value) : value
}
