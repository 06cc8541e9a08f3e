import { join } from 'node:path'
import type { Manifest } from './manifest.ts'

/** How much the service takes on at a time. */
export interface Settings {
  /** Rows that one request may have. */
  readonly instances: number
  /** Rows that go through the model at once, at most. */
  readonly batchRows: number
  /** How long a row waits for others to go with, in ms; with 0 it goes as soon as the model is free. */
  readonly batchWaitMs: number
  /** Rows that may wait; beyond it requests are turned away. */
  readonly queueRows: number
  /** Values that one answer may have: a model with a thousand numbers a row makes much of little. */
  readonly answerValues: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** What an environment variable sets, its limits, and the default. */
const variables = {
  instances: ['MAX_INSTANCES', 1, 1e6, 1000],
  batchRows: ['BATCH_ROWS', 1, 1e6, 64],
  batchWaitMs: ['BATCH_WAIT_MS', 0, 60_000, 0],
  queueRows: ['QUEUE_ROWS', 1, 1e7, 16_384],
  answerValues: ['MAX_ANSWER_VALUES', 1, 1e7, 250_000],
} as const

/**
 * The settings: by environment variables, which the config of the stage sets; else by the model's own limits; else the
 * defaults.
 *
 * @throws Error with a finished sentence when a variable is no whole number within its limits, or a full request could
 *   never be queued
 */
export function readSettings(environment: Environment, limits: Manifest['limits']): Settings {
  const read = (key: keyof typeof variables): number => {
    const [variable, from, to, otherwise] = variables[key]
    const given = environment[variable]
    if (!given) return limits[key] ?? otherwise
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
    if (!(value >= from && value <= to))
      throw new Error(`${variable} is ${JSON.stringify(given)}, expected a whole number from ${from} to ${to}.`)
    return value
  }
  const settings = {
    instances: read('instances'),
    batchRows: read('batchRows'),
    batchWaitMs: read('batchWaitMs'),
    queueRows: read('queueRows'),
    answerValues: read('answerValues'),
  }
  const { instances, queueRows } = settings
  if (instances > queueRows)
    throw new Error(`A request may have ${instances} rows, but only ${queueRows} may wait: raise QUEUE_ROWS or lower MAX_INSTANCES.`)
  return settings
}

/**
 * The folder with `model.onnx` and `model.json`: `MODEL_DIR`, or `model` beside the service. In an image that is
 * `/app/model`.
 */
export function modelFolder(environment: Environment): string {
  return environment.MODEL_DIR || join(import.meta.dirname, 'model')
}
