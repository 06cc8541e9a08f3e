import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer, Batcher } from './batcher.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { loadModel, type Model } from './model.ts'
import { agree, predictionOf, predictionOutput } from './prediction.ts'
import { type RowRules, readRows } from './rows.ts'
import { readSettings, type Settings } from './settings.ts'

/** A model folder that has been read: everything that answering needs to know. */
export interface Serving {
  readonly manifest: Manifest
  readonly model: Model
  readonly settings: Settings
  readonly rules: RowRules
  /** Index of the output that is the prediction. */
  readonly output: number
}

/**
 * Reads a model folder, `model.onnx` and `model.json`, and checks that they go together.
 *
 * @throws Error with a finished sentence when they do not, or when a setting is wrong
 */
export async function openServing(folder: string, environment: Readonly<Record<string, string | undefined>>): Promise<Serving> {
  const file = join(folder, 'model.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file} could not be read (${error.code}); it says what the model beside it is called and what it answers.`)
  })
  const manifest = readManifest(text, file)
  const settings = readSettings(environment, manifest.limits)
  const model = await loadModel(join(folder, 'model.onnx'), join(folder, 'model.onnx'))
  const rules: RowRules = {
    numbers: model.input.numbers,
    columns: model.columns,
    model: manifest.name,
    instances: settings.instances,
  }
  return { manifest, model, settings, rules, output: predictionOutput(model, manifest) }
}

/**
 * Lets the model answer its golden request, which also warms it up.
 *
 * @returns undefined when the answer is right, else a sentence with what was expected and what came
 */
export async function tryGolden({ manifest: { golden }, rules, output }: Serving, batcher: Batcher): Promise<string | undefined> {
  try {
    const { rows } = readRows({ features: golden.features }, rules)
    const [answer] = (await batcher.submit(rows)) as [Answer]
    const got = predictionOf(answer, output)
    if (agree(got, golden.prediction, golden.tolerance)) return undefined
    return `the golden request was answered wrong: expected ${JSON.stringify(golden.prediction)}, got ${JSON.stringify(got)}`
  } catch (error) {
    return `the golden request failed: expected ${JSON.stringify(golden.prediction)}, got the error "${(error as Error).message}"`
  }
}
