import { HttpError } from '../kit/http-error.ts'

/**
 * Takes the features out of a request to predict.
 *
 * @param body the parsed JSON: `{ features: [numbers] }`
 * @throws HttpError 400 that says what is wrong with `features`, and at which index
 */
export function readFeatures(body: unknown): number[] {
  const features = typeof body === 'object' && body !== null ? (body as { features?: unknown }).features : undefined
  if (features === undefined) throw new HttpError(400, 'features is missing, expected {"features": [numbers]}')
  if (!Array.isArray(features)) throw new HttpError(400, `features is ${describe(features)}, expected a list of numbers`)
  if (features.length === 0) throw new HttpError(400, 'features is empty, expected at least one number')
  // JSON has no NaN, but a number beyond the largest double is read as Infinity.
  const index = features.findIndex((feature) => !Number.isFinite(feature))
  if (index >= 0) throw new HttpError(400, `features[${index}] is ${describe(features[index])}, expected a finite number`)
  return features
}

/** A value in a few words: what stands inside a list or an object may be as large as the request. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value)
}
