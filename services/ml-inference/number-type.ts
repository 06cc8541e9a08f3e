/** A kind of numbers that a model takes. */
export interface NumberType {
  /** Its name in ONNX Runtime, and in the Open Inference Protocol. */
  readonly name: 'float32' | 'float64' | 'int32' | 'int64'
  readonly datatype: string
  /** What a value must be, as a noun phrase. */
  readonly expected: string
  /**
   * Whether a value of a request is one. JSON has no NaN, but a number beyond the largest double is read as Infinity.
   */
  holds(value: unknown): value is number
  /** The rows behind each other, as the runtime takes them. */
  pack(rows: readonly (readonly number[])[], columns: number): Float32Array | Float64Array | Int32Array | BigInt64Array
}

/** The kinds that are supported, by ONNX Runtime's name. */
export const numberTypes: Readonly<Record<string, NumberType>> = {
  float64: {
    name: 'float64',
    datatype: 'FP64',
    expected: 'a finite number',
    holds: (value): value is number => Number.isFinite(value),
    pack: (rows, columns) => fill(new Float64Array(rows.length * columns), rows, columns),
  },
  float32: {
    name: 'float32',
    datatype: 'FP32',
    expected: 'a finite number that fits in 32 bits',
    holds: (value): value is number => typeof value === 'number' && Number.isFinite(Math.fround(value)),
    pack: (rows, columns) => fill(new Float32Array(rows.length * columns), rows, columns),
  },
  int32: {
    name: 'int32',
    datatype: 'INT32',
    expected: 'a whole number that fits in 32 bits',
    holds: (value): value is number => Number.isInteger(value) && Number(value) === (Number(value) | 0),
    pack: (rows, columns) => fill(new Int32Array(rows.length * columns), rows, columns),
  },
  int64: {
    name: 'int64',
    datatype: 'INT64',
    expected: 'a whole number',
    holds: (value): value is number => Number.isSafeInteger(value),
    pack: fillHalves,
  },
}

function fill<T extends Float32Array | Float64Array | Int32Array>(target: T, rows: readonly (readonly number[])[], columns: number): T {
  for (let row = 0; row < rows.length; row++) target.set(rows[row]!, row * columns)
  return target
}

/**
 * In halves of 32 bits, the lower one first, as all processors have it that ONNX Runtime runs on: to make a BigInt of
 * each would take fifty times as long.
 */
function fillHalves(rows: readonly (readonly number[])[], columns: number): BigInt64Array {
  const target = new BigInt64Array(rows.length * columns)
  const halves = new Int32Array(target.buffer)
  let at = 0
  for (const row of rows) {
    for (let column = 0; column < row.length; column++) {
      const value = row[column]!
      halves[at++] = value
      halves[at++] = Math.floor(value / 2 ** 32)
    }
  }
  return target
}

/** The names that the Open Inference Protocol has for what a model may give out, by ONNX Runtime's. */
export const datatypes: Readonly<Record<string, string>> = {
  float64: 'FP64',
  float32: 'FP32',
  int64: 'INT64',
  int32: 'INT32',
  int16: 'INT16',
  int8: 'INT8',
  uint32: 'UINT32',
  uint16: 'UINT16',
  uint8: 'UINT8',
  uint64: 'UINT64',
  bool: 'BOOL',
  string: 'BYTES',
}
