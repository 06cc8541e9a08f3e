import { Agent, request as send } from 'node:http'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild } from './child.fixture.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`

/**
 * Posts on a connection that is kept until the service says that it closes or cannot be reached.
 * @returns the answers, and what was lost
 */
async function postUntilTheEnd(
  child: Child,
  pauseMs: () => number,
  answeredOne: () => void,
): Promise<{ answered: number; lost: string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const lost: string[] = []
  let answered = 0
  for (let over = false; !over; ) {
    over = await new Promise<boolean>((resolve) => {
      const request = send({ port: child.port, path: '/echo', method: 'POST', agent }, (response) => {
        response.resume().on('end', () => {
          answered++
          answeredOne()
          resolve(response.headers.connection === 'close')
        })
      })
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that could not be made has lost nothing.
        if (error.code !== 'ECONNREFUSED') lost.push(`${error.code} after ${answered}`)
        resolve(true)
      })
      request.end('{"a":1}')
    })
    const pause = pauseMs()
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  agent.destroy()
  return { answered, lost }
}

test('no request on a connection that was kept is lost when the service ends, whether its client is busy or takes its time', async () => {
  const lost: string[] = []
  let answered = 0
  for (let round = 0; round < 5; round++) {
    const child = await startChild(entry)
    const { promise: enough, resolve } = Promise.withResolvers<void>()
    let first = 0
    const clients = Array.from({ length: 48 }, (_, index) => {
      const pauseMs = () => (index % 3 === 0 ? 0 : Math.random() * (index % 3) * 150)
      let mine = 0
      return postUntilTheEnd(child, pauseMs, () => {
        mine++
        if (mine === 3 && ++first === 48) resolve()
      })
    })
    // All are connected, and in the middle of what they do.
    await enough
    child.process.kill('SIGTERM')
    for (const client of await Promise.all(clients)) {
      answered += client.answered
      lost.push(...client.lost)
    }
    assert.is(await child.end, 0)
  }
  assert.equal(lost, [])
  assert.ok(answered > 1000, `${answered} were answered`)
})

test.run()
