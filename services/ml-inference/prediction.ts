import { HttpError } from '../kit/http-error.ts'
import type { Answer } from './batcher.ts'
import type { Manifest } from './manifest.ts'
import { type Model, valueAt } from './model.ts'

/** What the model says about one row: a number, or several such as one a class. */
export type Prediction = number | readonly number[]

/**
 * Which of the model's outputs is the prediction: the one that `model.json` names, else the first one with
 * floating-point numbers, else the first one with any.
 *
 * @throws Error with a finished sentence when there is none, or none of that name
 */
export function predictionOutput({ outputs }: Model, { output }: Manifest): number {
  const numeric = outputs.filter(({ type }) => type !== 'string' && type !== 'bool')
  const found = output ? numeric.find(({ name }) => name === output) : (numeric.find(({ type }) => type.startsWith('float')) ?? numeric[0])
  if (found) return outputs.indexOf(found)
  const names = numeric.map(({ name }) => name).join(', ') || 'none'
  throw new Error(`The model has no output${output ? ` ${output}` : ''} with numbers; those that it has: ${names}.`)
}

/**
 * Reads the prediction for a row.
 *
 * @param output index of the output
 * @throws HttpError 422 when a number is not finite, which JSON cannot show: features can lead there, such as very
 *   large ones
 */
export function predictionOf({ outputs, row }: Answer, output: number): Prediction {
  const found = outputs[output]!
  if (found.stride === 1) return finite(Number(valueAt(found, row, 0)))
  return Array.from({ length: found.stride }, (_, index) => finite(Number(valueAt(found, row, index))))
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new HttpError(422, 'The model gives no finite number for these features')
}

/**
 * The name of what was predicted: the class with the largest number, or of two classes the second one from a half on.
 */
export function labelOf(prediction: Prediction, labels: readonly string[]): string | undefined {
  return labels[typeof prediction === 'number' ? Number(prediction >= 0.5) : largest(prediction)]
}

/** One number to say how predictions are distributed: the prediction, or which of its numbers is the largest. */
export function scoreOf(prediction: Prediction): number {
  return typeof prediction === 'number' ? prediction : largest(prediction)
}

function largest(values: readonly number[]): number {
  let found = 0
  for (let index = 1; index < values.length; index++) if (values[index]! > values[found]!) found = index
  return found
}

/** Whether two predictions are the same, but for the rounding of processors. */
export function agree(one: Prediction, other: Prediction, tolerance: number): boolean {
  const [a, b] = [[one].flat(), [other].flat()]
  return a.length === b.length && a.every((value, index) => Math.abs(value - b[index]!) <= tolerance)
}
