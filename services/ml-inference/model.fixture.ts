import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ElementType, type Graph, onnxFile } from './onnx/graph.ts'

type Golden = { features: number[]; prediction: number | number[]; tolerance?: number }

/**
 * A folder as the service reads it, in a temp folder, with this model and what its `model.json` says beside a name and
 * a version.
 */
export function modelFolder(graph: Graph | string, golden: Golden, more: Readonly<Record<string, unknown>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'model-'))
  writeFileSync(join(folder, 'model.onnx'), typeof graph === 'string' ? graph : onnxFile(graph))
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ name: 'test', version: '2.1.0', golden, ...more }))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * A model that gives out the sum of each row: with rows that add up to different numbers, every answer tells whose it
 * is.
 */
export const sum = graph({ shape: ['rows', 'columns'] })

/** One input, the sum over its last axis as output: the smallest model that does something with rows of this shape. */
export function graph({ shape, type = 'float64' }: { shape: readonly (number | string)[]; type?: ElementType }): Graph {
  return {
    name: 'sum',
    description: '',
    inputs: [{ name: 'values', type, shape }],
    outputs: [{ name: 'sum', type, shape: shape.slice(0, -1) }],
    constants: [{ name: 'axis', type: 'int64', dims: [1], values: [shape.length - 1] }],
    nodes: [{ op: 'ReduceSum', inputs: ['values', 'axis'], outputs: ['sum'], attributes: { keepdims: 0 } }],
  }
}

/**
 * A classifier with a fixed input: rows of two 32-bit floats, and out come the chances of three classes and the number
 * of the likeliest.
 */
export const classifier: Graph = {
  name: 'classifier',
  description: '',
  inputs: [{ name: 'values', type: 'float32', shape: ['rows', 2] }],
  outputs: [
    { name: 'class', type: 'int64', shape: ['rows'] },
    { name: 'chances', type: 'float32', shape: ['rows', 3] },
  ],
  constants: [{ name: 'weights', type: 'float32', dims: [2, 3], values: [1, 0, -1, 0, 2, 0] }],
  nodes: [
    { op: 'MatMul', inputs: ['values', 'weights'], outputs: ['scores'] },
    { op: 'Softmax', inputs: ['scores'], outputs: ['chances'], attributes: { axis: 1 } },
    { op: 'ArgMax', inputs: ['scores'], outputs: ['class'], attributes: { axis: 1, keepdims: 0 } },
  ],
}
