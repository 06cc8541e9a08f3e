/**
 * services/ml-inference answers predictions of an ONNX model: features in, a prediction and the version of the model
 * that gave it out. Its own `/predict` and the Open Inference Protocol stand before the same queue.
 */
import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import type { Request } from '../kit/request.ts'
import { createService, type Service } from '../kit/service.ts'
import { checkAnswer, largestStride, leastStride, listText, reserveAnswer } from './answer-text.ts'
import { createBatcher } from './batcher.ts'
import { createMeasurements } from './measurements.ts'
import { labelOf, type Prediction, predictionOf } from './prediction.ts'
import { type Answered, addProtocol } from './protocol-routes.ts'
import { type Rows, readRows } from './rows.ts'
import { openServing, tryGolden } from './serving.ts'
import { modelFolder } from './settings.ts'

/** So many are looked at without looking at the clock. */
const fewRows = 16

export interface AppOptions {
  /** As the config calls the service. */
  readonly name: string
  /** `MODEL_DIR`, and what `readSettings` knows. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/**
 * Loads the model and makes the service. Loading keeps the process busy, so nothing is gained by listening before; a
 * model that answers its golden request wrong leaves a service that runs but is not ready, and says why.
 *
 * @throws Error with a finished sentence when there is no model to serve, or a setting is wrong
 */
export async function createApp({ name, environment = {} }: AppOptions): Promise<Service> {
  const folder = modelFolder(environment)
  const serving = await openServing(folder, environment)
  const { manifest, model, settings, rules, output } = serving
  const service = createService({ name }).onClose(() => model.close())
  const batcher = createBatcher(model, settings, {
    batch: (rows, seconds) => measurements.batch(rows, seconds),
    failed: (error) => service.log('error', 'the model failed on a row', { error }),
  })
  const measurements = createMeasurements(service.registry, manifest, batcher.depth)

  const wrong = await tryGolden(serving, batcher)
  if (wrong) service.log('error', 'the model is not ready', { model: manifest.name, version: manifest.version, why: wrong })
  else service.log('info', 'the model is ready', { model: manifest.name, version: manifest.version })
  service.readyWhen(() => wrong)

  /** Counts a request that gets no prediction by why it gets none. */
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      if (wrong) throw new HttpError(503, `The model is not ready: ${wrong}`, { 'retry-after': '10' })
      return await work()
    } catch (error) {
      if (wrong) measurements.rejected('not_ready')
      else if (error instanceof HttpError && error.status === 503) measurements.rejected('queue_full')
      else if (error instanceof HttpError && error.status < 500) measurements.rejected('invalid')
      throw error
    }
  }
  const least = [leastStride(model.outputs[output]!, model.hasRows)]
  const answer = async (rows: Rows, request: Request): Promise<Answered> => {
    const started = performance.now()
    const answers = await batcher.submit(rows, () => request.gone)
    measurements.took((performance.now() - started) / 1000)
    const work = rows.length > fewRows ? request.work() : undefined
    const predictions: Prediction[] = []
    for (const [index, row] of rows.entries()) {
      const prediction = predictionOf(answers[index]!, output)
      predictions.push(prediction)
      measurements.predicted(row, prediction)
      if (work?.due) await work.pause()
    }
    return { answers, predictions }
  }

  service.post('/predict', (request) =>
    counted(async () => {
      const { rows, many } = readRows(await request.json(), rules)
      checkAnswer(rows.length, least, settings.answerValues)
      const { answers, predictions } = await answer(rows, request)
      const labels = manifest.labels && predictions.map((each) => labelOf(each, manifest.labels!))
      const about = { model_version: manifest.version, timestamp: Date.now() / 1000 }
      const values = largestStride(answers, output)
      reserveAnswer(rows.length, labels ? [values, 1] : [values], settings.answerValues, request)
      if (many) {
        const work = request.work()
        const texts = [`"predictions":${await listText(rows.length, (index) => predictions[index], work, values)}`]
        if (labels) texts.push(`"labels":${await listText(rows.length, (index) => labels[index], work)}`)
        return Reply.text(`{${texts.join(',')},${JSON.stringify(about).slice(1)}`)
      }
      return { prediction: predictions[0]!, ...(labels && { label: labels[0] }), ...about }
    }),
  )
  addProtocol(service, serving, { ready: () => !wrong, counted, answer })
  return service
}
