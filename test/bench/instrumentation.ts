import { join } from 'node:path'
import { type Child, startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { load, median } from './load.fixture.ts'
import { processorTicks } from './process.fixture.ts'
import { atMost, type Bench } from './row.fixture.ts'

const request = { path: '/echo', body: '{"features":[5.1,3.5,1.4,0.2]}', expect: 200, connections: 64, answers: 20_000 }
const pairs = 7
const rounds = 4

/**
 * What request ids, logs and metrics cost: a service on the kit against the same route on the kit's parts without them.
 * Compared is the time that processors spend for the same number of requests: the difference is less than what two runs
 * differ in on the clock. Two processes of the same program differ by several percent as well, from their start to
 * their end, so there are several pairs of them.
 */
const bench: Bench = async (emit) => {
  const costs: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    costs.push(await cost())
    emit(`${costs.at(-1)?.toFixed(1)} % of the processor time in pair ${pair + 1} of ${pairs}`)
  }
  return [atMost('what instrumentation costs', median(costs), 10, ' %')]
}
export default bench

/** The cost in one pair of fresh processes, in percent of all that the instrumented one does. */
async function cost(): Promise<number> {
  const start = (instrumented: string) => startChild(join(import.meta.dirname, 'echo.fixture.ts'), { INSTRUMENTED: instrumented })
  const full = await start('yes')
  const plain = await start('no')
  try {
    // One round to warm up; then each in turn goes first.
    await ticks(full)
    await ticks(plain)
    const spent = { full: 0, plain: 0 }
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) spent.full += await ticks(full)
      spent.plain += await ticks(plain)
      if (round % 2 === 1) spent.full += await ticks(full)
    }
    return 100 * (1 - spent.plain / spent.full)
  } finally {
    await Promise.all([stopChild(full), stopChild(plain)])
  }
}

async function ticks(child: Child): Promise<number> {
  const before = processorTicks(child.process.pid!)
  await load({ ...request, port: child.port })
  return processorTicks(child.process.pid!) - before
}
