import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'
import { runSmoke } from '../kit/smoke.ts'
import checks from './smoke.ts'
import { weightedMeanOf } from './weighted-mean.ts'

let service: Child

test.before(async () => {
  service = await startChild(`${import.meta.dirname}/server.ts`)
})

test.after(() => stopChild(service))

async function post(body: string): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(`${service.address}/predict`, { method: 'POST', body })
  return [response.status, (await response.json()) as Record<string, unknown>]
}

test('health shows the name', async () => {
  const response = await fetch(`${service.address}/health`)
  assert.is(response.status, 200)
  assert.equal(await response.json(), { status: 'healthy', service: 'ml-inference' })
})

test('features give a prediction, the version of the model and the time in seconds', async () => {
  const before = Date.now() / 1000
  const [status, { timestamp, prediction, ...answer }] = await post('{"features":[5.1,3.5,1.4,0.2]}')
  assert.is(status, 200)
  assert.ok(Math.abs(Number(prediction) - weightedMeanOf([5.1, 3.5, 1.4, 0.2])) < 1e-12)
  assert.equal(answer, { model_version: '1.0.0' })
  assert.ok(Number(timestamp) >= before && Number(timestamp) <= Date.now() / 1000)
})

test('any number of features will do', async () => {
  for (const count of [1, 2, 17, 50_000]) {
    const [status] = await post(JSON.stringify({ features: Array(count).fill(0.5) }))
    assert.is(status, 200)
  }
})

const refused: [string, string][] = [
  ['', 'features is missing, expected {"features": [numbers]} or {"instances": [[numbers], …]}'],
  ['{}', 'features is missing, expected {"features": [numbers]} or {"instances": [[numbers], …]}'],
  ['[1,2]', 'features is missing, expected {"features": [numbers]} or {"instances": [[numbers], …]}'],
  ['null', 'features is missing, expected {"features": [numbers]} or {"instances": [[numbers], …]}'],
  ['3', 'features is missing, expected {"features": [numbers]} or {"instances": [[numbers], …]}'],
  ['{"features":null}', 'features is null, expected a list of numbers'],
  ['{"features":"1,2"}', 'features is "1,2", expected a list of numbers'],
  ['{"features":{"0":1}}', 'features is an object, expected a list of numbers'],
  ['{"features":[]}', 'features is empty, expected at least one number'],
  ['{"features":[1,"2"]}', 'features[1] is "2", expected a finite number'],
  ['{"features":[1,2,null]}', 'features[2] is null, expected a finite number'],
  ['{"features":[[1]]}', 'features[0] is a list, expected a finite number'],
  ['{"features":[true]}', 'features[0] is true, expected a finite number'],
  ['{"features":[1e999]}', 'features[0] is Infinity, expected a finite number'],
  ['{"features":[1],"instances":[[1]]}', 'features and instances are both there, expected one of them'],
  ['{"instances":null}', 'instances is null, expected a list of rows'],
  ['{"instances":[]}', 'instances is empty, expected at least one row'],
  ['{"instances":[1,2]}', 'instances[0] is 1, expected a list of numbers (row 0, counted from 0)'],
  ['{"instances":[[1],[]]}', 'instances[1] is empty, expected at least one number (row 1, counted from 0)'],
  ['{"instances":[[1],[2,"3"]]}', 'instances[1][1] is "3", expected a finite number (row 1, column 1, counted from 0)'],
  ['{"instances":[[[1]]]}', 'instances[0][0] is a list, expected a finite number (row 0, column 0, counted from 0)'],
  [`{"instances":[${'[1],'.repeat(1000)}[1]]}`, 'instances has 1001 rows, expected at most 1000'],
]

for (const [body, error] of refused) {
  test(`${body.slice(0, 40) || 'an empty body'} is a 400 that says what is wrong`, async () => {
    assert.equal(await post(body), [400, { error }])
  })
}

test('a body nested as deep as the limit allows is a 400 and no crash', async () => {
  const deep = '['.repeat(500_000) + ']'.repeat(500_000)
  assert.equal(await post(`{"features":${deep}}`), [400, { error: 'The JSON nests more than 64 lists and objects in each other' }])
})

test('malformed JSON is a 400 and a body over 1 MiB a 413', async () => {
  assert.equal(await post('{"features":[1'), [400, { error: 'The request body is malformed JSON' }])
  assert.is((await post(`{"features":[${'1,'.repeat(600_000)}1]}`))[0], 413)
})

test('many rows, of any lengths, get their predictions in their order', async () => {
  const rows = [[1], [2, 3], [-1], [0.5, 0.25, 4], [7, -7]]
  const [status, { timestamp, predictions, ...answer }] = await post(JSON.stringify({ instances: rows }))
  assert.is(status, 200)
  assert.equal(answer, { model_version: '1.0.0' })
  assert.type(timestamp, 'number')
  const off = (predictions as number[]).map((prediction, index) => Math.abs(prediction - weightedMeanOf(rows[index]!)))
  assert.ok(off.length === rows.length && off.every((each) => each < 1e-12))
})

test('it is ready, and says which model it has', async () => {
  const ready = await fetch(`${service.address}/ready`)
  assert.is(ready.status, 200)
  await ready.text()
  assert.match(service.output(), '"message":"the model is ready"')
})

test('predictions and refusals are counted, timed and told apart', async () => {
  const read = async () => {
    const text = await (await fetch(`${service.address}/metrics`)).text()
    const value = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length + 1),
      )
    return [
      'ml_predictions_total{model="weighted-mean",version="1.0.0"}',
      'ml_prediction_duration_seconds_count',
      'ml_batch_rows_sum',
      'ml_rejected_requests_total{reason="invalid"}',
      'ml_feature_values_total{feature="sepal_length",bin="7.54067..+Inf"}',
      'ml_prediction_values_total{bin="-Inf..0.975676"}',
      'ml_queue_rows',
    ].map(value)
  }
  const before = await read()
  await post('{"features":[8]}')
  await post('{"features":[]}')
  await post('{"instances":[[9],[-1,1,1,1,1]]}')
  const after = await read()
  assert.equal(
    after.map((value, index) => value - before[index]!),
    [3, 2, 3, 1, 2, 1, 0],
  )
  assert.is(after.at(-1), 0)
})

test('all smoke checks pass', async () => {
  const results = await runSmoke({ address: service.address!, service: 'ml-inference', checks })
  assert.equal(
    results.filter(({ ok }) => !ok),
    [],
  )
})

test('a service of another kind fails the smoke checks', async () => {
  const trial = await startChild(`${import.meta.dirname}/../kit/trial.fixture.ts`, { SERVICE_NAME: 'ml-inference' })
  const results = await runSmoke({ address: trial.address!, service: 'ml-inference', checks })
  await stopChild(trial)
  assert.equal(
    results.filter(({ ok }) => ok).map(({ name }) => name),
    ['it is healthy', 'it shows its metrics', 'an unknown path is a JSON 404', 'the model is ready'],
  )
})

test.run()
