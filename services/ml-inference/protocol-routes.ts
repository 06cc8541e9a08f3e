import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import type { Service } from '../kit/service.ts'
import type { Answer } from './batcher.ts'
import type { Prediction } from './prediction.ts'
import { describeTensor, inferReply, readInfer } from './protocol.ts'
import type { Rows } from './rows.ts'
import type { Serving } from './serving.ts'

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
  answer(rows: Rows): Promise<Answered>
}

/** Adds the Open Inference Protocol, version 2 over HTTP, with and without the model's version in the path. */
export function addProtocol(service: Service, { manifest, model, rules }: Serving, { ready, counted, answer }: Desk): void {
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
        const asked = readInfer(await request.json(), model, rules)
        const { answers } = await answer(asked.rows)
        return inferReply(asked, answers, { name, version, hasRows: model.hasRows })
      })
    })
  }
}
