import { Agent, request as send } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild, written } from './child.fixture.ts'
import { createService } from './service.ts'
import { createTrial } from './trial.fixture.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`

/** What came of a request: the connection header of its answer, and whether it was sent on one that was kept. */
async function ask(port: number, path: string, agent: Agent): Promise<{ connection: string | undefined; reused: boolean }> {
  return await new Promise((resolve, reject) => {
    const request = send({ port, path, agent }, (response) => {
      const { connection } = response.headers
      response.resume().on('end', () => resolve({ connection, reused: request.reusedSocket }))
    })
    request.on('error', reject).end()
  })
}

test('a service that gets the signal serves on and lets its clients go: who asks is told, who is quiet is closed', async () => {
  const child = await startChild(entry, { RELEASE_ID: '7-abc' })
  const [busy, quiet] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })]
  try {
    const { headers } = await fetch(`${child.address}/health`, { headers: { connection: 'close' } })
    assert.is(headers.get('x-lame-duck'), 'SIGUSR2')
    assert.equal(await ask(child.port, '/health', quiet), { connection: 'keep-alive', reused: false })
    const inFlight = ask(child.port, '/slow?ms=300', busy)
    await written(child, 'slow request begun')
    child.process.kill('SIGUSR2')
    await written(child, 'letting clients go')
    assert.is((await inFlight).connection, 'close', 'a request that was there already')
    assert.equal(await ask(child.port, '/health', busy), { connection: 'close', reused: false })
    // The one that was kept, and has been quiet, is closed before the service's own limit for idle connections.
    const [socket] = Object.values(quiet.freeSockets).flat()
    const from = performance.now()
    await new Promise((resolve) => socket!.once('close', resolve))
    assert.ok(performance.now() - from < 4000, `closed after ${performance.now() - from} ms`)
    assert.is((await ask(child.port, '/health', quiet)).connection, 'close')
  } finally {
    busy.destroy()
    quiet.destroy()
    await stopChild(child)
  }
  assert.is(await child.end, 0)
})

test('it ends by itself, and begins anew when it is asked for again; the end of the service is not taken back by that', async () => {
  const trial = createTrial({ name: 'trial', limits: { lameDuckMs: 400, quietMs: 100 } })
  const listening = await trial.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true })
  const connection = async () => (await ask(listening.port, '/health', agent)).connection
  const keptAgain = async () => {
    while ((await connection()) === 'close');
    return performance.now()
  }
  try {
    assert.is(await connection(), 'keep-alive')
    const begun = performance.now()
    listening.letGo()
    assert.is(await connection(), 'close')
    while (performance.now() < begun + 200) await connection()
    listening.letGo()
    assert.ok((await keptAgain()) - begun >= 590, 'so long after the second time')
    assert.is((await ask(listening.port, '/health', agent)).reused, true, 'connections are kept again')
    listening.letGo()
    const slow = ask(listening.port, '/slow?ms=800', agent)
    const closed = listening.close()
    assert.is((await slow).connection, 'close')
    assert.is(await closed, 0)
  } finally {
    agent.destroy()
  }
})

test('who runs a service in a process that does not take the signal is not told to send it', async () => {
  const service = createService({ name: 'bare', release: '7-abc' })
  const { port, close } = await service.listen({ host: '127.0.0.1', port: 0 })
  const { headers } = await fetch(`http://127.0.0.1:${port}/health`, { headers: { connection: 'close' } })
  assert.equal([headers.get('x-release-id'), headers.get('x-lame-duck')], ['7-abc', null])
  await close()
})

test.run()
