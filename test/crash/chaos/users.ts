import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/client.ts'
import { type Answer, ask } from './ask.ts'
import type { Stage } from './stage.ts'

export type Used = 'ml-inference' | 'data-ingestion'

/** What the users of one service saw. */
export interface Seen {
  /** For how long nobody had a good answer, in seconds: from the last one before to the first one after. */
  readonly silent: number
  /**
   * Requests without a good answer: a connection refused, reset, or silent for too long, or a status from 500. By
   * reason.
   */
  readonly failures: Readonly<Record<string, number>>
}

/** People at work, who ask one thing after the other through the public address. */
export interface Users {
  /**
   * Resolves once each of them has had a good answer to what was asked after it was called; `services`: those whose
   * users count.
   */
  served(seconds: number, services?: readonly Used[]): Promise<void>
  /** Sends everybody home. */
  stop(): Promise<Record<Used, Seen>>
}

/** Answers that come later than this were waited for, in ms. */
const prompt = 1000
/** Between two requests of one user, in ms. */
const rest = 15
let marks = 0

/** Lets people ingest, predict and ask for health. What is acknowledged comes into the stage's book. */
export function startUsers(stage: Stage): Users {
  const people = [
    person('ml-inference', () => ask(`${stage.url('ml-inference')}/predict`, { body: { features: [1, 2, 3] } })),
    person('ml-inference', () => ask(`${stage.url('ml-inference')}/health`)),
    person('data-ingestion', () => ask(`${stage.url('data-ingestion')}/health`)),
    person('data-ingestion', () => ingest(stage)),
    person('data-ingestion', () => ingest(stage)),
  ]
  return {
    async served(seconds, services = ['ml-inference', 'data-ingestion']) {
      const who = people.filter(({ at }) => services.includes(at))
      // The next good answer may be to something that was asked before.
      const enough = who.map(({ good }) => good() + 2)
      const waiting = () => who.filter(({ good }, index) => good() < enough[index]!).map(({ at }) => at)
      await until(
        () => waiting().length === 0,
        seconds,
        () => `no good answer to users of ${waiting().join(', ')}`,
      )
    },
    async stop() {
      const seen = await Promise.all(people.map(async (one) => ({ at: one.at, ...(await one.stop()) })))
      const of = (service: Used): Seen => {
        const theirs = seen.filter(({ at }) => at === service)
        const failures: Record<string, number> = {}
        for (const each of theirs) for (const [why, times] of Object.entries(each.failures)) failures[why] = (failures[why] ?? 0) + times
        return { silent: Math.max(...theirs.map(({ silent }) => silent)), failures }
      }
      return { 'ml-inference': of('ml-inference'), 'data-ingestion': of('data-ingestion') }
    },
  }
}

async function ingest(stage: Stage): Promise<Answer> {
  const mark = `record ${++marks}`
  const answer = await ask(`${stage.url('data-ingestion')}/ingest`, { body: { mark } })
  if (answer.status === 201) stage.book.acknowledged(JSON.parse(answer.text).id, mark)
  return answer
}

/** Somebody who does one thing again and again until told to stop. */
function person(at: Used, act: () => Promise<Answer>) {
  const failures: Record<string, number> = {}
  let [good, silent, waited, over] = [0, 0, false, false]
  let last = performance.now()
  const take = ({ status, error }: Answer) => {
    const now = performance.now()
    // "No room" is an answer, and the right one on a full disk.
    if (status === undefined || (status >= 500 && status !== 507)) {
      const why = error ?? `HTTP ${status}`
      failures[why] = (failures[why] ?? 0) + 1
      waited = true
      return
    }
    good++
    if (waited || now - last > prompt) silent += now - last
    waited = false
    last = now
  }
  const work = (async () => {
    for (; !over; await pause(rest)) take(await act())
    // Whoever goes home unserved has waited until now.
    if (waited) silent += performance.now() - last
  })()
  const stop = async () => {
    over = true
    await work
    return { silent: silent / 1000, failures }
  }
  return { at, good: () => good, stop }
}
