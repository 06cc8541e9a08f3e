/**
 * services/ml-inference/onnx writes ONNX files: as much of the format as the default model and the models of the tests
 * need. A file depends on nothing but what it is made of, so that everybody who writes it gets the same bytes.
 */

/**
 * A field of a protobuf message: its number, and its value. A list stands for a repeated field; an undefined value is
 * left out.
 */
export type Field = readonly [number: number, value: Value | readonly Value[] | undefined]

/** A whole number (varint), a text or bytes, or a message inside of the message. */
export type Value = number | string | Uint8Array

/** Wire types: https://protobuf.dev/programming-guides/encoding/#structure */
const wire = { varint: 0, bytes: 2 } as const

/**
 * Encodes a message.
 *
 * @param fields in the order in which they are written
 */
export function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const values = Array.isArray(value) ? (value as readonly Value[]) : [value as Value | undefined]
      return values.filter((each) => each !== undefined).map((each) => encode(number, each))
    }),
  )
}

function encode(number: number, value: Value): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint((number << 3) | wire.varint), varint(value)])
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([varint((number << 3) | wire.bytes), varint(bytes.length), bytes])
}

/** Seven bits a byte, the lowest first; negative numbers as 64 bits of two's complement. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
