import { Agent, get } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Service } from './service.ts'
import { createTrial } from './trial.fixture.ts'

async function serving(service: Service, work: (address: string, close: () => Promise<number>) => Promise<void>): Promise<void> {
  const { port, close } = await service.listen({ host: '127.0.0.1', port: 0 })
  try {
    await work(`http://127.0.0.1:${port}`, close)
  } finally {
    await close()
  }
}

async function ask(address: string, path = '/ready'): Promise<[number, unknown]> {
  const response = await fetch(`${address}${path}`)
  return [response.status, await response.json()]
}

test('a service without conditions is ready', () =>
  serving(createTrial({ name: 'trial' }), async (address) => {
    assert.equal(await ask(address), [200, { status: 'ready', service: 'trial' }])
  }))

test('a service is ready when all of its conditions hold, says which do not, and is healthy all the while', () => {
  let missing: string | undefined = 'the model is loading'
  const service = createTrial({ name: 'trial' })
    .readyWhen(() => missing)
    .readyWhen(async () => missing && 'so is the rest')
  return serving(service, async (address) => {
    const reasons = ['the model is loading', 'so is the rest']
    assert.equal(await ask(address), [503, { status: 'not ready', service: 'trial', reasons }])
    assert.is((await ask(address, '/health'))[0], 200)
    missing = undefined
    assert.is((await ask(address))[0], 200)
  })
})

test('a condition that cannot be checked makes it not ready, and shows nothing of the inside', () => {
  const service = createTrial({ name: 'trial' }).readyWhen(() => {
    throw new Error('the password is swordfish')
  })
  return serving(service, async (address) => {
    const reasons = ['a check failed; the log has more']
    assert.equal(await ask(address), [503, { status: 'not ready', service: 'trial', reasons }])
  })
})

test('a service that ends says so first, and works on for as long as it was told to', () =>
  serving(createTrial({ name: 'trial', limits: { noticeMs: 300 } }), async (address, close) => {
    const started = performance.now()
    const closed = close()
    assert.equal(await ask(address), [503, { status: 'not ready', service: 'trial', reasons: ['the service is shutting down'] }])
    assert.is((await ask(address, '/items/1'))[0], 200)
    assert.is(await closed, 0)
    assert.ok(performance.now() - started >= 299)
  }))

test('a handler that sends nothing for too long is cut off', () =>
  serving(createTrial({ name: 'trial', limits: { stallMs: 100 } }), async (address) => {
    const agent = new Agent()
    const code = await new Promise((resolve) =>
      get(`${address}/slow?ms=2000`, { agent }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code)),
    )
    assert.is(code, 'ECONNRESET')
  }))

test.run()
