import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import type { Request } from '../kit/request.ts'
import type { Service } from '../kit/service.ts'
import { finishNow } from '../kit/turns.ts'
import { checkAnswer, largestStride, leastStride, reserveAnswer } from './answer-text.ts'
import type { Answer } from './batcher.ts'
import type { Prediction } from './prediction.ts'
import { describeTensor, inferReply, readInfer } from './protocol.ts'
import type { Rows } from './rows.ts'
import type { Serving } from './serving.ts'

/** A request that is shorter is read at once. */
const fewBytes = 16 * 1024

/** Rows that the model has answered. */
export interface Answered {
  readonly answers: readonly Answer[]
  readonly predictions: readonly Prediction[]
}

/** What the protocol's routes share with `/predict`. */
export interface Desk {
  ready(): boolean
  /** Does the work where the model is ready, and counts it where it ends in an error. */
  counted<T>(work: () => Promise<T>): Promise<T>
  answer(rows: Rows, request: Request): Promise<Answered>
}

/** Adds the Open Inference Protocol, version 2 over HTTP, with and without the model's version in the path. */
export function addProtocol(service: Service, { manifest, model, rules, settings }: Serving, { ready, counted, answer }: Desk): void {
  const { name, version } = manifest
  const known = (params: Readonly<Record<string, string>>) => {
    if (params.name !== name) throw new HttpError(404, `Model not found: ${params.name}; there is ${name}`)
    if (params.version !== undefined && params.version !== version) {
      throw new HttpError(404, `Version not found: ${params.version} of ${name}; there is ${version}`)
    }
  }
  const readiness = (body: Readonly<Record<string, unknown>>) => Reply.json({ ...body, ready: ready() }, { status: ready() ? 200 : 503 })

  service.get('/v2', () => ({ name: service.name, version, extensions: [] }))
  service.get('/v2/health/live', () => ({ live: true }))
  service.get('/v2/health/ready', () => readiness({}))
  for (const pattern of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    service.get(pattern, ({ params }) => {
      known(params)
      const outputs = model.outputs.map(describeTensor)
      return { name, versions: [version], platform: 'onnxruntime_onnx', inputs: [describeTensor(model.input)], outputs }
    })
    service.get(`${pattern}/ready`, ({ params }) => {
      known(params)
      return readiness({ name })
    })
    service.post(`${pattern}/infer`, (request) => {
      known(request.params)
      return counted(async () => {
        if (request.headers['inference-header-content-length'] !== undefined) {
          throw new HttpError(400, 'Binary tensors are not supported: send the data as JSON (binary_data=False)')
        }
        const reading = readInfer(await request.json(), model, rules)
        const asked = request.received < fewBytes ? finishNow(reading) : await request.work().finish(reading)
        const { rows, outputs } = asked
        // What the model says beforehand spares the work; what it then gave out is what counts.
        const least = outputs.map((index) => leastStride(model.outputs[index]!, model.hasRows))
        checkAnswer(rows.length, least, settings.answerValues)
        const { answers } = await answer(rows, request)
        const strides = outputs.map((index) => largestStride(answers, index))
        reserveAnswer(rows.length, strides, settings.answerValues, request)
        return Reply.text(await inferReply(asked, answers, { name, version, hasRows: model.hasRows }, request.work()))
      })
    })
  }
}
