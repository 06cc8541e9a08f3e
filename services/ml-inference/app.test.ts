import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'
import { runSmoke } from '../kit/smoke.ts'
import { predict, version } from './model.ts'
import checks from './smoke.ts'

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
  const [status, { timestamp, ...answer }] = await post('{"features":[5.1,3.5,1.4,0.2]}')
  assert.is(status, 200)
  assert.equal(answer, { prediction: predict([5.1, 3.5, 1.4, 0.2]), model_version: version })
  assert.ok(Number(timestamp) >= before && Number(timestamp) <= Date.now() / 1000)
})

test('any number of features will do', async () => {
  for (const count of [1, 2, 17, 50_000]) {
    const [status] = await post(JSON.stringify({ features: Array(count).fill(0.5) }))
    assert.is(status, 200)
  }
})

const refused: [string, string][] = [
  ['', 'features is missing, expected {"features": [numbers]}'],
  ['{}', 'features is missing, expected {"features": [numbers]}'],
  ['[1,2]', 'features is missing, expected {"features": [numbers]}'],
  ['null', 'features is missing, expected {"features": [numbers]}'],
  ['3', 'features is missing, expected {"features": [numbers]}'],
  ['{"features":null}', 'features is null, expected a list of numbers'],
  ['{"features":"1,2"}', 'features is "1,2", expected a list of numbers'],
  ['{"features":{"0":1}}', 'features is an object, expected a list of numbers'],
  ['{"features":[]}', 'features is empty, expected at least one number'],
  ['{"features":[1,"2"]}', 'features[1] is "2", expected a finite number'],
  ['{"features":[1,2,null]}', 'features[2] is null, expected a finite number'],
  ['{"features":[[1]]}', 'features[0] is a list, expected a finite number'],
  ['{"features":[true]}', 'features[0] is true, expected a finite number'],
  ['{"features":[1e999]}', 'features[0] is Infinity, expected a finite number'],
]

for (const [body, error] of refused) {
  test(`${body || 'an empty body'} is a 400 that says what is wrong`, async () => {
    assert.equal(await post(body), [400, { error }])
  })
}

test('a body nested as deep as the limit allows is a 400 and no crash', async () => {
  const deep = '['.repeat(500_000) + ']'.repeat(500_000)
  assert.equal(await post(`{"features":${deep}}`), [400, { error: 'features[0] is a list, expected a finite number' }])
})

test('malformed JSON is a 400 and a body over 1 MiB a 413', async () => {
  assert.equal(await post('{"features":[1'), [400, { error: 'The request body is malformed JSON' }])
  assert.is((await post(`{"features":[${'1,'.repeat(600_000)}1]}`))[0], 413)
})

test('predictions are counted and timed, refused requests are not', async () => {
  const counted = async () => {
    const text = await (await fetch(`${service.address}/metrics`)).text()
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
    return [value('ml_predictions_total'), value('ml_prediction_duration_seconds_count')]
  }
  const [total = 0, timed = 0] = await counted()
  await post('{"features":[1]}')
  await post('{"features":[]}')
  assert.equal(await counted(), [total + 1, timed + 1])
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
    ['it is healthy', 'it shows its metrics', 'an unknown path is a JSON 404'],
  )
})

test.run()
