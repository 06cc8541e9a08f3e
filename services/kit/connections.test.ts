import { Agent, request as send } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createService } from './service.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

test('connections that idle keep nothing of the requests that they brought', async () => {
  const seen: WeakRef<object>[] = []
  const service = createService({ name: 'test' }).post('/kept', async (request) => {
    seen.push(new WeakRef(request.headers))
    return { bytes: (await request.body()).length }
  })
  const { port, close } = await service.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const ask = () =>
    new Promise((resolve, reject) => {
      const request = send({ port, path: '/kept', method: 'POST', agent }, (response) => response.resume().on('close', resolve))
      request.on('error', reject).end('x'.repeat(1000))
    })
  const kept = () => seen.filter((each) => each.deref()).length
  try {
    await Promise.all(Array.from({ length: 40 }, ask))
    assert.is(Object.values(agent.freeSockets).flat().length, 8)
    // Node itself lets go of a request a few rounds of the event loop after its answer has ended.
    for (let round = 0; round < 100 && kept() > 0; round++) {
      await setImmediate()
      collect()
    }
    assert.equal([seen.length, kept()], [40, 0])
  } finally {
    agent.destroy()
    await close()
  }
})

test.run()
