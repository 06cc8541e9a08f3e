import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild } from '../kit/child.fixture.ts'
import { createApp } from './app.ts'
import { classifier, graph, modelFolder, sum } from './model.fixture.ts'
import type { Graph } from './onnx/graph.ts'

type Folder = ReturnType<typeof modelFolder>

// The tests want to see answers; the log is looked at where it matters, in a process of its own.
process.env.LOG_LEVEL = 'error'

/** Runs a test with a service of this model, on a port of its own. */
async function serve(made: Folder, environment: Record<string, string>, work: (service: Running) => Promise<void>): Promise<void> {
  const app = await createApp({ name: 'ml-inference', environment: { MODEL_DIR: made.folder, ...environment } })
  const { port, close } = await app.listen({ host: '127.0.0.1', port: 0 })
  try {
    await work({ port, address: `http://127.0.0.1:${port}` })
  } finally {
    await close()
    made.remove()
  }
}

interface Running {
  readonly port: number
  readonly address: string
}

async function call(service: Running, path: string, body?: unknown) {
  const response = await fetch(`${service.address}${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers }
}

async function metric(service: Running, line: string): Promise<number> {
  const text = await (await fetch(`${service.address}/metrics`)).text()
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length),
  )
}

/** Sends requests over as many connections as may be in the service at once; gives their answers in their order. */
async function together(service: Running, bodies: readonly string[]): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  const one = async (body: string) => {
    const sent = request({ port: service.port, path: '/predict', method: 'POST', agent })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const { 'retry-after': later = '' } = response.headers
    return `${response.statusCode} ${later} ${await text(response)}`
  }
  const answers = await Promise.all(bodies.map(one))
  agent.destroy()
  return answers
}

test('ten thousand rows at once, of many lengths, each get their own answer', async () => {
  const made = modelFolder(sum, { features: [1, 2], prediction: 3 })
  await serve(made, { BATCH_ROWS: '128' }, async (service) => {
    const count = 10_000
    const bodies = Array.from({ length: count }, (_, index) => JSON.stringify({ features: [index, ...Array<number>(index % 17).fill(0)] }))
    const answers = await together(service, bodies)
    assert.equal(
      answers.map((answer) => Number(/"prediction":([^,]*)/.exec(answer)?.[1])),
      bodies.map((_, index) => index),
    )
    assert.is(await metric(service, 'ml_predictions_total{model="test",version="2.1.0"}'), count)
    const batches = await metric(service, 'ml_batch_rows_count')
    assert.ok(batches < count / 2, `${batches} batches for ${count} rows`)
  })
})

test('when too many rows wait the next ones are turned away with when to come back, and those that wait are answered', async () => {
  const made = modelFolder(sum, { features: [1], prediction: 1 })
  await serve(made, { QUEUE_ROWS: '3', MAX_INSTANCES: '3', BATCH_WAIT_MS: '50' }, async (service) => {
    const [kept, turnedAway] = (await together(service, ['{"instances":[[1],[2]]}', '{"instances":[[3],[4]]}'])).sort()
    assert.match(kept!, /^200 .*"predictions":\[[13],[24]\]/)
    assert.is(turnedAway, '503 1 {"error":"Too many rows are waiting for the model"}')
    assert.is(await metric(service, 'ml_rejected_requests_total{reason="queue_full"}'), 1)
    assert.is(await metric(service, 'ml_queue_rows'), 0)
  })
})

test('a wrong answer to the golden request keeps it not ready, with what was expected and what came', async () => {
  const why = 'the golden request was answered wrong: expected 4, got 3'
  await serve(modelFolder(sum, { features: [1, 2], prediction: 4 }), {}, async (service) => {
    assert.is((await call(service, '/health')).status, 200)
    const ready = await call(service, '/ready')
    assert.equal([ready.status, ready.body.reasons], [503, [why]])
    assert.equal((await call(service, '/v2/health/ready')).body, { ready: false })
    assert.is((await call(service, '/v2/models/test/ready')).status, 503)
    const refused = await call(service, '/predict', { features: [1, 2] })
    assert.equal([refused.status, refused.body.error], [503, `The model is not ready: ${why}`])
    assert.ok(refused.headers.get('retry-after'))
    assert.is(await metric(service, 'ml_rejected_requests_total{reason="not_ready"}'), 1)
  })
})

test('a golden request that the model cannot take keeps it not ready too', async () => {
  await serve(modelFolder(classifier, { features: [1], prediction: [1, 0, 0] }), {}, async (service) => {
    const { reasons } = (await call(service, '/ready')).body
    const why = 'the golden request failed: expected [1,0,0], got the error "features has 1 number, the model test takes 2"'
    assert.equal(reasons, [why])
  })
})

const golden = { features: [1, 0], prediction: [0.665241, 0.244728, 0.090031], tolerance: 1e-5 }

test('a model with a fixed input tells a wrong length with both lengths', async () => {
  await serve(modelFolder(classifier, golden), {}, async (service) => {
    const error = async (body: unknown) => (await call(service, '/predict', body)).body.error
    assert.is(await error({ features: [1, 2, 3] }), 'features has 3 numbers, the model test takes 2')
    assert.is(await error({ instances: [[1, 2], [1]] }), 'instances[1] has 1 number, the model test takes 2')
    assert.is(await error({ features: [1, 1e300] }), 'features[1] is 1e+300, expected a finite number that fits in 32 bits')
  })
})

test('classes are called by their labels, and the output by its name', async () => {
  const labels = ['red', 'green', 'blue']
  await serve(modelFolder(classifier, golden, { labels }), {}, async (service) => {
    const one = (await call(service, '/predict', { features: [0, 3] })).body
    assert.is(one.label, 'green')
    assert.is((one.prediction as number[]).length, 3)
    assert.equal(
      (
        await call(service, '/predict', {
          instances: [
            [5, 0],
            [-5, -5],
          ],
        })
      ).body.labels,
      ['red', 'blue'],
    )
  })
  const named = { output: 'class', baseline: { predictions: { edges: [0.5, 1.5], shares: [0.2, 0.2, 0.6] }, minimumRows: 2 } }
  await serve(modelFolder(classifier, { features: [1, 0], prediction: 0 }, named), {}, async (service) => {
    assert.is((await call(service, '/predict', { features: [0, 3] })).body.prediction, 1)
    assert.ok(Number.isNaN(await metric(service, 'ml_prediction_psi')))
    await call(service, '/predict', { features: [0, 3] })
    assert.ok((await metric(service, 'ml_prediction_psi')) > 1, 'all predictions in one of three bins is drift')
  })
})

test('drift of each feature shows against the training, and equal values show none', async () => {
  const bins = { edges: [0], shares: [0.5, 0.5] }
  const baseline = {
    features: [
      { name: 'still', ...bins },
      { name: 'moved', ...bins },
      { name: 'unseen', ...bins },
    ],
    minimumRows: 4,
  }
  await serve(modelFolder(sum, { features: [1], prediction: 1 }, { baseline }), {}, async (service) => {
    await call(service, '/predict', {
      instances: [
        [-1, 1],
        [1, 1],
        [-1, 1],
        [1, 1],
      ],
    })
    assert.is(await metric(service, 'ml_feature_psi{feature="still"}'), 0)
    assert.ok((await metric(service, 'ml_feature_psi{feature="moved"}')) > 1)
    assert.ok(Number.isNaN(await metric(service, 'ml_feature_psi{feature="unseen"}')))
  })
})

test('one row that the model cannot work with does not spoil its batch', async () => {
  // Looks up the row's first number in a table of three.
  const table: Graph = {
    ...graph({ shape: ['rows', 1], type: 'int64' }),
    outputs: [{ name: 'sum', type: 'float32', shape: ['rows', 1] }],
    constants: [{ name: 'table', type: 'float32', dims: [3], values: [10, 20, 30] }],
    nodes: [{ op: 'Gather', inputs: ['table', 'values'], outputs: ['sum'] }],
  }
  await serve(modelFolder(table, { features: [0], prediction: 10 }), { BATCH_WAIT_MS: '100' }, async (service) => {
    const answers = await Promise.all([0, 1, 7, 2].map((value) => call(service, '/predict', { features: [value] })))
    assert.equal(
      answers.map(({ status, body }) => [status, body.prediction ?? body.error]),
      [
        [200, 10],
        [200, 20],
        [400, 'The model cannot work with these features'],
        [200, 30],
      ],
    )
    assert.is((await call(service, '/predict', { features: [1.5] })).body.error, 'features[0] is 1.5, expected a whole number')
  })
})

test('an answer that is no finite number is a 422 that says so, and no null', async () => {
  const root: Graph = {
    ...sum,
    constants: [],
    nodes: [{ op: 'Sqrt', inputs: ['values'], outputs: ['sum'] }],
    outputs: [{ name: 'sum', type: 'float64', shape: ['rows', 'columns'] }],
  }
  await serve(modelFolder(root, { features: [4], prediction: 2 }), {}, async (service) => {
    assert.is((await call(service, '/predict', { features: [9] })).body.prediction, 3)
    const { status, body } = await call(service, '/predict', { features: [-1] })
    assert.equal([status, body], [422, { error: 'The model gives no finite number for these features' }])
  })
})

test('a process whose model is not ready goes on and says in its log why', async () => {
  const made = modelFolder(sum, { features: [1, 2], prediction: 4 })
  const service = await startChild(join(import.meta.dirname, 'server.ts'), { MODEL_DIR: made.folder, LOG_LEVEL: 'info' })
  assert.match(service.output(), '"why":"the golden request was answered wrong: expected 4, got 3","message":"the model is not ready"')
  assert.is((await fetch(`${service.address}/health`)).status, 200)
  await stopChild(service)
  assert.is(await service.end, 0)
  made.remove()
})

test('without a model to serve it does not start, and says why', async () => {
  const refusal = async (environment: Record<string, string>) =>
    createApp({ name: 'ml-inference', environment }).then(
      () => 'it started',
      (error: Error) => error.message,
    )
  const { folder, remove } = modelFolder('', { features: [1], prediction: 1 })
  assert.match(await refusal({ MODEL_DIR: folder }), /model\.onnx could not be loaded: /)
  assert.match(await refusal({ MODEL_DIR: folder, BATCH_ROWS: '0' }), /^BATCH_ROWS is "0", expected/)
  writeFileSync(join(folder, 'model.json'), '{"name":"a"}')
  assert.match(await refusal({ MODEL_DIR: folder }), /model\.json does not describe a model: version: .*golden: /)
  writeFileSync(join(folder, 'model.json'), '{')
  assert.match(await refusal({ MODEL_DIR: folder }), /model\.json is no JSON/)
  remove()
  assert.match(await refusal({ MODEL_DIR: folder }), /model\.json could not be read \(ENOENT\)/)
  const service = await startChild(join(import.meta.dirname, 'server.ts'), { MODEL_DIR: folder })
  assert.is(await service.end, 1)
  assert.match(service.output(), 'model.json could not be read')
})

test('an output that the model does not have is refused with those that it has', async () => {
  const { folder, remove } = modelFolder(classifier, golden, { output: 'score' })
  const message = await createApp({ name: 'ml-inference', environment: { MODEL_DIR: folder } }).then(
    String,
    (error: Error) => error.message,
  )
  assert.is(message, 'The model has no output score with numbers; those that it has: class, chances.')
  remove()
})

test.run()
