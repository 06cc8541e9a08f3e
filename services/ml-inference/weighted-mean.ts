import type { Graph } from './onnx/graph.ts'

/**
 * The default model, as a graph: the logistic function of a weighted mean of the features, in which the feature at
 * index i weighs 1 / (i + 1). Its input has no fixed length, so it takes any number of features. A small model in the
 * place of a real one.
 */
export const weightedMean: Graph = {
  name: 'weighted-mean',
  description: 'Logistic function of a weighted mean of the features; the feature at index i weighs 1 / (i + 1).',
  // Doubles, so that every number that JSON has can be a feature.
  inputs: [{ name: 'features', type: 'float64', shape: ['rows', 'columns'] }],
  outputs: [{ name: 'prediction', type: 'float64', shape: ['rows'] }],
  constants: [
    { name: 'one', type: 'int64', dims: [], values: [1] },
    { name: 'last_axis', type: 'int64', dims: [1], values: [1] },
  ],
  nodes: [
    { op: 'Shape', inputs: ['features'], outputs: ['shape'] },
    { op: 'Gather', inputs: ['shape', 'one'], outputs: ['columns'] },
    { op: 'Add', inputs: ['columns', 'one'], outputs: ['end'] },
    { op: 'Range', inputs: ['one', 'end', 'one'], outputs: ['ordinals'] },
    { op: 'Cast', inputs: ['ordinals'], outputs: ['divisors'], attributes: { to: 11 } },
    { op: 'Reciprocal', inputs: ['divisors'], outputs: ['weights'] },
    { op: 'ReduceSum', inputs: ['weights'], outputs: ['total'], attributes: { keepdims: 0 } },
    // The weights are divided, not the sum, so that no sum of large features overflows.
    { op: 'Div', inputs: ['weights', 'total'], outputs: ['shares'] },
    { op: 'Mul', inputs: ['features', 'shares'], outputs: ['terms'] },
    { op: 'ReduceSum', inputs: ['terms', 'last_axis'], outputs: ['mean'], attributes: { keepdims: 0 } },
    { op: 'Sigmoid', inputs: ['mean'], outputs: ['prediction'] },
  ],
}

/** What the model computes, said in TypeScript: for its golden request, its baseline, and the tests. */
export function weightedMeanOf(features: readonly number[]): number {
  const total = features.reduce((sum, _, index) => sum + 1 / (index + 1), 0)
  const mean = features.reduce((sum, feature, index) => sum + feature * (1 / (index + 1) / total), 0)
  return 1 / (1 + Math.exp(-mean))
}
