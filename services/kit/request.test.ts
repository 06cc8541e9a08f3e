import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { mostContainers } from './json-body.ts'
import type { Request } from './request.ts'
import { createService } from './service.ts'

/** Runs a service with one route, `/work`. */
async function serving(handler: (request: Request) => unknown, work: (port: number, address: string) => Promise<void>): Promise<void> {
  const { port, close } = await createService({ name: 'test' }).post('/work', handler).listen({ host: '127.0.0.1', port: 0 })
  try {
    await work(port, `http://127.0.0.1:${port}/work`)
  } finally {
    await close()
  }
}

for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const)
  test(`work for a client that leaves (${leave}) ends, and so does what was given its signal`, async () => {
    const left: unknown[] = []
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const leaves = (status: unknown) => {
      if (left.push(status) === 2) resolve()
    }
    const handler = async (request: Request) => {
      await request.body()
      request.signal.addEventListener('abort', () => leaves(request.signal.reason.status))
      const work = request.work()
      try {
        for (;;) {
          begin()
          await work.pause()
        }
      } catch (error) {
        leaves((error as { status?: number }).status)
        throw error
      }
    }
    await serving(handler, async (port, address) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'))
      await begun
      socket[leave]()
      await ended
      assert.equal(left, [499, 499])
      socket.destroy()
      let metrics = ''
      while (!metrics.includes('route="/work",code="499"')) metrics = await (await fetch(address.replace('work', 'metrics'))).text()
    })
  })

test('a signal of a request whose client stays is not aborted, and one asked for late is', async () => {
  const signals: AbortSignal[] = []
  const handler = async (request: Request) => {
    signals.push(request.signal, request.signal)
    return { same: signals[0] === signals[1], gone: request.gone, bytes: (await request.body()).length, received: request.received }
  }
  await serving(handler, async (_, address) => {
    const response = await fetch(address, { method: 'POST', body: gzipSync('x'.repeat(1000)), headers: { 'content-encoding': 'gzip' } })
    const { received, ...rest } = (await response.json()) as Record<string, unknown>
    assert.equal(rest, { same: true, gone: false, bytes: 1000 })
    assert.ok(Number(received) < 100)
    assert.is(signals[0]?.aborted, false)
  })
})

test('what a body may unpack to in lists and objects goes by what was sent', () =>
  serving(
    async (request) => ({ length: ((await request.json()) as unknown[]).length }),
    async (_, address) => {
      const lists = (count: number) => `[${Array(count).fill('[]').join(',')}]`
      const post = (body: string | Buffer, encoding = 'identity') =>
        fetch(address, { method: 'POST', body: body as NonNullable<RequestInit['body']>, headers: { 'content-encoding': encoding } })
      assert.is((await post(lists(300_000))).status, 200)
      const packed = gzipSync(lists(300_000))
      const refused = await post(packed, 'gzip')
      assert.is(refused.status, 413)
      assert.equal(await refused.json(), {
        error: `The request body unpacks to 300001 lists and objects, expected at most ${mostContainers(packed.length)} for its size`,
      })
      assert.is((await post(gzipSync(lists(900)), 'gzip')).status, 200)
    },
  ))

test('JSON that nests deeper than 64 is a 400, whatever it is and however it ends', () =>
  serving(
    async (request) => ({ got: await request.json() }),
    async (_, address) => {
      for (const text of ['['.repeat(1_000_000), '{"a":'.repeat(200_000), `${'['.repeat(65)}${']'.repeat(65)}`]) {
        const response = await fetch(address, { method: 'POST', body: text })
        assert.equal(
          [response.status, await response.json()],
          [400, { error: 'The JSON nests more than 64 lists and objects in each other' }],
        )
      }
      const deepest = `${'['.repeat(64)}${']'.repeat(64)}`
      assert.is((await fetch(address, { method: 'POST', body: deepest })).status, 200)
    },
  ))

test.run()
