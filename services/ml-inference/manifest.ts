import * as z from 'zod'

const whole = (from: number, to: number) => z.int().min(from).max(to)

const binned = {
  /** Ascending; the first bin lies below the first edge, the last one from the last edge on. */
  edges: z
    .array(z.number())
    .max(1000)
    .refine((edges) => edges.every((edge, index) => index === 0 || edge > edges[index - 1]!), 'expected numbers that ascend'),
  /** Of the training's values in each bin: one more than there are edges. */
  shares: z
    .array(z.number().min(0).max(1))
    .refine((shares) => Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 0.01, 'expected numbers that add up to 1'),
}
const oneMore = ({ edges, shares }: { edges: number[]; shares: number[] }) => shares.length === edges.length + 1
const bins = z.strictObject(binned).refine(oneMore, 'expected one share more than edges')
const featureBins = z.strictObject({ name: z.string().min(1), ...binned }).refine(oneMore, 'expected one share more than edges')

const schema = z.strictObject({
  /** How the Open Inference Protocol and the metrics call the model. */
  name: z.string().regex(/^[\w.-]{1,100}$/, 'expected letters, digits, dots, hyphens and underscores'),
  /** Goes up whenever the same features would give another prediction. */
  version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.-]+)?$/, 'expected a semantic version such as 1.0.0'),
  /** The output that `/predict` shows; the first one with floating-point numbers, or else with any, where nothing is said. */
  output: z.string().optional(),
  /** Names of the classes: as many as the output has numbers a row, or two where it has one. */
  labels: z.array(z.string()).min(2).optional(),
  /** A request and its right answer: the model is ready once it gives it. */
  golden: z.strictObject({
    features: z.array(z.number()).min(1),
    prediction: z.union([z.number(), z.array(z.number()).min(1)]),
    /** How far the answer may be off: processors round differently. */
    tolerance: z.number().min(0).default(1e-6),
  }),
  /** How features and predictions were distributed in the training; of a prediction of several numbers, which of them was the largest. */
  baseline: z
    .strictObject({
      /** In the order of the columns, from the first one on. */
      features: z.array(featureBins).default([]),
      predictions: bins.optional(),
      /** Fewer rows than this say nothing about a distribution. */
      minimumRows: whole(1, 1e9).default(200),
      /** The latest rows that are compared: at least so many once there were, and less than twice as many. */
      windowRows: whole(1, 1e9).default(5000),
    })
    .optional(),
  limits: z
    .strictObject({
      instances: whole(1, 1e6).optional(),
      batchRows: whole(1, 1e6).optional(),
      batchWaitMs: whole(0, 60_000).optional(),
      queueRows: whole(1, 1e7).optional(),
    })
    .default({}),
})

/** What `model.json` says, with its defaults. */
export type Manifest = z.infer<typeof schema>
export type Bins = z.infer<typeof bins>

/**
 * Reads a `model.json`.
 *
 * @param text the file's content
 * @param file its name, for messages
 * @throws Error with a finished sentence that names every problem and where it is
 */
export function readManifest(text: string, file: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${file} is no JSON: ${(error as Error).message}`)
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
  throw new Error(`${file} does not describe a model: ${problems.join('; ')}.`)
}
