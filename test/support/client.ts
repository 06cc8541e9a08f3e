import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** What came of many requests. */
export interface Traffic {
  /** Answers by status. */
  readonly answers: Record<number, number>
  /** Requests that got none, each with the reason and the time since the start in seconds. */
  readonly failures: string[]
}

/**
 * Sends requests, one after the other, until `during` settles, and some more.
 * @param kept whether one connection serves for as long as the server lets it; else each request has its own
 */
export async function traffic(url: string, during: Promise<unknown>, { kept = false, body = '' } = {}): Promise<Traffic> {
  const agent = new Agent({ keepAlive: kept, maxSockets: 1 })
  const result: Traffic = { answers: {}, failures: [] }
  const started = performance.now()
  let over = false
  const end = () => {
    over = true
  }
  during.then(end, end)
  for (let after = 0; after < 10; ) {
    if (over) after++
    try {
      const status = await ask(url, agent, body)
      result.answers[status] = (result.answers[status] ?? 0) + 1
    } catch (error) {
      result.failures.push(`${(error as Error).message} after ${((performance.now() - started) / 1000).toFixed(1)} s`)
    }
    await pause(5)
  }
  agent.destroy()
  return result
}

function ask(url: string, agent: Agent, body: string): Promise<number> {
  return new Promise((done, fail) => {
    const headers = body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}
    const call = request(url, { agent, method: body ? 'POST' : 'GET', headers, timeout: 5000 }, (response) => {
      response.on('end', () => done(response.statusCode!)).on('error', fail)
      response.resume()
    })
    call.on('timeout', () => call.destroy(new Error('no answer within 5 s')))
    call.on('error', fail)
    call.end(body)
  })
}

/** Waits for a condition. Rejects after `seconds`, with what it last saw. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  seconds: number,
  seen: () => unknown = () => condition,
): Promise<void> {
  for (const giveUp = Date.now() + seconds * 1000; !(await condition()); await pause(50)) {
    if (Date.now() > giveUp) throw new Error(`not within ${seconds} s: ${String(seen())}`)
  }
}
