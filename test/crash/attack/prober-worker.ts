/** The thread of `prober.ts` that asks. */
import { Agent, get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import type { Place } from './exchange.ts'

const { everyMs, places } = workerData as { everyMs: number; places: readonly Place[] }
/** How long an answer is waited for, in ms: nobody's health check waits longer. */
const patienceMs = 10_000
/** What no answer at all counts as, in ms. */
const refusedMs = 1000
const times: number[][] = places.map(() => [])
let asked = 0

/** Asks one server, one question after the other, each at its time. */
async function probe(place: Place, index: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (;;) {
    const started = performance.now()
    if (index === 0) asked++
    const answered = await ask(place, agent)
    // What refuses the connection does so at once, and is no better than what is slow.
    const took = answered ? performance.now() - started : Math.max(refusedMs, performance.now() - started)
    // Questions that were due while this one waited would have waited as well, each for a little less: to leave them
    // out would hide a stop.
    for (let late = took; late > 0; late -= everyMs) times[index]!.push(late)
    const pause = everyMs - (performance.now() - started)
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Whether there was an answer. */
function ask({ host, port }: Place, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host, port, agent, path: '/health', timeout: patienceMs }, (response) => {
      response.resume().once('close', () => resolve(response.complete))
    })
    request.once('timeout', () => request.destroy(new Error('no answer')))
    request.once('error', () => resolve(false))
  })
}

parentPort!.on('message', (what: 'count' | 'take') => {
  parentPort!.postMessage(what === 'count' ? [[asked]] : times.map((list) => list.splice(0)))
})
for (const [index, place] of places.entries()) void probe(place, index)
