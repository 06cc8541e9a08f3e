import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild, written } from './child.fixture.ts'
import { createLog } from './log.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`

async function running(environment: Record<string, string>, work: (child: Child) => Promise<void>): Promise<void> {
  const child = await startChild(entry, environment)
  try {
    await work(child)
  } finally {
    await stopChild(child)
  }
}

/** The first line of the child's log that holds this text, parsed. */
async function line(child: Child, text: string) {
  await written(child, text)
  const found = child
    .output()
    .split('\n')
    .find((one) => one.includes(text))
  return JSON.parse(found ?? '{}')
}

test('a line of a handler carries the id of the request, and nothing of a secret', () =>
  running({}, async (child) => {
    const response = await fetch(`${child.address}/logged`, { headers: { 'x-request-id': 'from-the-proxy:7' } })
    assert.is(response.headers.get('x-request-id'), 'from-the-proxy:7')
    const { time, ...rest } = await line(child, 'a word from the handler')
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.equal(rest, {
      level: 'info',
      service: 'trial',
      request_id: 'from-the-proxy:7',
      password: '[redacted]',
      nested: { token: '[redacted]', left: 1 },
      message: 'a word from the handler',
    })
    assert.not.match(child.output(), 'swordfish')
  }))

test('an error in a handler is logged with the id that its client was given', () =>
  running({}, async (child) => {
    const response = await fetch(`${child.address}/broken`)
    const id = response.headers.get('x-request-id')
    assert.match(String(id), /^[\w-]{16}$/)
    assert.is((await line(child, 'a request failed')).request_id, id)
  }))

for (const given of ['two words', 'x'.repeat(129), '{"a":1}', '']) {
  test(`an id like ${JSON.stringify(given.slice(0, 20))} is not taken over`, () =>
    running({}, async (child) => {
      const response = await fetch(`${child.address}/health`, { headers: { 'x-request-id': given } })
      assert.match(String(response.headers.get('x-request-id')), /^[\w-]{16}$/)
    }))
}

test('at LOG_LEVEL debug every answer is a line, by route pattern', () =>
  running({ LOG_LEVEL: 'debug' }, async (child) => {
    await (await fetch(`${child.address}/items/77`)).arrayBuffer()
    const { method, route, code, seconds } = await line(child, 'a request was answered')
    assert.equal([method, route, code], ['GET', '/items/:id', 200])
    assert.ok(seconds >= 0 && seconds < 5)
    assert.not.match(child.output(), 'items/77')
  }))

test('at LOG_LEVEL error there is nothing but errors', () =>
  // Without its line "listening" the fixture cannot know the port, so the child must not start at all.
  startChild(entry, { LOG_LEVEL: 'error', PORT: 'none' }).then(async (child) => {
    assert.is(await child.end, 1)
    assert.is(JSON.parse(child.output()).level, 'error')
  }))

test('an unknown LOG_LEVEL is one clear line and exit code 1', async () => {
  const child = await startChild(entry, { LOG_LEVEL: 'loud' })
  assert.is(await child.end, 1)
  assert.is(JSON.parse(child.output()).reason, 'LOG_LEVEL is "loud", expected debug, info, warn, error.')
  assert.throws(() => createLog('trial', 'loud'), 'LOG_LEVEL is "loud"')
})

test.run()
