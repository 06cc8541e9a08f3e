import { HttpError } from '../kit/http-error.ts'
import type { Request } from '../kit/request.ts'
import type { Work } from '../kit/turns.ts'
import type { Answer } from './batcher.ts'
import type { TensorFacts } from './model.ts'

/** How many values are made a text at once: about a millisecond. */
const pieceValues = 4096

/**
 * What a value of an answer takes in memory until it has been sent, in bytes: as many characters as a double can have,
 * twice.
 */
const valueBytes = 56

/**
 * The JSON text of a list, made in pieces, so that others get their turn in between.
 *
 * @param count how many elements it has
 * @param element gives the element at an index
 * @param valuesEach how many values an element has
 * @throws HttpError 499 when nobody waits for it any more
 */
export async function listText(count: number, element: (index: number) => unknown, work: Work, valuesEach = 1): Promise<string> {
  const step = Math.max(1, Math.floor(pieceValues / valuesEach))
  const texts: string[] = []
  for (let from = 0; from < count; from += step) {
    const piece: unknown[] = []
    for (let index = from; index < Math.min(count, from + step); index++) piece.push(element(index))
    texts.push(JSON.stringify(piece).slice(1, -1))
    if (work.due) await work.pause()
  }
  return `[${texts.join(',')}]`
}

/** How many values a row of an output has, as far as the model says so: an axis of any length has at least one. */
export function leastStride({ shape }: TensorFacts, hasRows: boolean): number {
  return (hasRows ? shape.slice(1) : shape).reduce<number>((product, size) => product * (size ?? 1), 1)
}

/** How many values a row of an output has at most: rows of other lengths may give others. */
export function largestStride(answers: readonly Answer[], output: number): number {
  return answers.reduce((most, { outputs }) => Math.max(most, outputs[output]!.stride), 0)
}

/**
 * Takes the memory for an answer before it is made.
 *
 * @param rows of the answer
 * @param strides how many values a row has in each of the lists that the answer holds
 * @param most how many values an answer may have
 * @throws HttpError 413 when it would have more, 503 when there is no memory left for it
 */
export function reserveAnswer(rows: number, strides: readonly number[], most: number, request: Pick<Request, 'reserve'>): void {
  const values = checkAnswer(rows, strides, most)
  if (values > 1000) request.reserve(values * valueBytes)
}

/** @returns how many values the answer has. @throws HttpError 413 as `reserveAnswer` does */
export function checkAnswer(rows: number, strides: readonly number[], most: number): number {
  const values = rows * strides.reduce((sum, stride) => sum + stride, 0)
  if (values <= most) return values
  throw new HttpError(413, `The answer would have ${values} values, expected at most ${most}: send fewer rows or ask for fewer outputs`)
}
