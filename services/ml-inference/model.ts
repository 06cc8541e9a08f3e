/** Which model answers; goes up whenever the same features would give another prediction. */
export const version = '1.0.0'

/**
 * A small model in the place of a real one: the logistic function of a weighted mean of the features, in which the feature at index i
 * weighs 1 / (i + 1). It takes any number of features, and the same ones always give the same prediction.
 *
 * @param features at least one finite number
 * @returns a probability, from 0 to 1
 */
export function predict(features: readonly number[]): number {
  const total = features.reduce((sum, _, index) => sum + 1 / (index + 1), 0)
  // Each term is divided before it is added, so that no sum of large features overflows.
  const mean = features.reduce((sum, feature, index) => sum + feature * (1 / (index + 1) / total), 0)
  return 1 / (1 + Math.exp(-mean))
}
