import { message } from './protobuf.ts'

/** Numbers of fields and types are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const types = { float32: 1, int32: 6, int64: 7, string: 8, bool: 9, float64: 11 } as const

export type ElementType = keyof typeof types

/** An input or output: a fixed size or a name for each of its dimensions. */
export interface TensorType {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly (number | string)[]
}

/** Values that belong to the model: weights and other constants. No dimensions make a single number. */
export interface Constant {
  readonly name: string
  readonly type: 'float32' | 'float64' | 'int64'
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

export interface Node {
  /** An operator of ONNX's own set: https://onnx.ai/onnx/operators/ */
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Whole numbers, or lists of them. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>
}

export interface Graph {
  readonly name: string
  /** For people who open the file. */
  readonly description: string
  readonly inputs: readonly TensorType[]
  readonly outputs: readonly TensorType[]
  readonly constants: readonly Constant[]
  /** Each after those whose outputs it takes. */
  readonly nodes: readonly Node[]
}

/**
 * Operators of version 13, which every ONNX Runtime since 2020 knows; files of format version 7, which came with it.
 */
const versions = { file: 7, operators: 13 } as const

/** The bytes of an ONNX file with this graph. The same graph gives the same bytes. */
export function onnxFile(graph: Graph): Uint8Array {
  const operators = message([1, ''], [2, versions.operators])
  return message([1, versions.file], [2, graph.name], [7, graphMessage(graph)], [8, operators])
}

function graphMessage({ name, description, inputs, outputs, constants, nodes }: Graph): Uint8Array {
  return message(
    [1, nodes.map(nodeMessage)],
    [2, name],
    [5, constants.map(constantMessage)],
    [10, description],
    [11, inputs.map(tensorTypeMessage)],
    [12, outputs.map(tensorTypeMessage)],
  )
}

function nodeMessage({ op, inputs, outputs, attributes = {} }: Node): Uint8Array {
  // The last field says which of the others holds the value: 2 for a whole number, 7 for a list of them.
  const list = Object.entries(attributes).map(([name, value]) =>
    typeof value === 'number' ? message([1, name], [3, value], [20, 2]) : message([1, name], [8, value], [20, 7]),
  )
  return message([1, inputs], [2, outputs], [4, op], [5, list])
}

function tensorTypeMessage({ name, type, shape }: TensorType): Uint8Array {
  const dimensions = shape.map((size) => (typeof size === 'number' ? message([1, size]) : message([2, size])))
  return message([1, name], [2, message([1, message([1, types[type]], [2, message([1, dimensions])])])])
}

function constantMessage({ name, type, dims, values }: Constant): Uint8Array {
  const width = type === 'float32' ? 4 : 8
  const raw = Buffer.alloc(values.length * width)
  values.forEach((value, index) => {
    if (type === 'float32') raw.writeFloatLE(value, index * width)
    else if (type === 'float64') raw.writeDoubleLE(value, index * width)
    else raw.writeBigInt64LE(BigInt(value), index * width)
  })
  return message([1, dims], [2, types[type]], [8, name], [9, raw])
}
