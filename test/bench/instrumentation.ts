import { type Child, startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { load } from './load.fixture.ts'
import { processorTicks } from './process.fixture.ts'
import { atMost, type Bench } from './row.fixture.ts'

const request = { path: '/echo', body: '{"features":[5.1,3.5,1.4,0.2]}', expect: 200, connections: 64, answers: 20_000 }

/**
 * What request ids, logs and metrics cost: a service on the kit against the same route on the kit's parts without them. Compared is the time that processors
 * spend for the same number of requests: the difference is less than what two runs differ in on the clock.
 */
const bench: Bench = async (tell) => {
  const start = (instrumented: string) => startChild(`${import.meta.dirname}/echo.fixture.ts`, { INSTRUMENTED: instrumented })
  const [full, plain]: Child[] = [await start('yes'), await start('no')]
  // One round to warm up; then each in turn goes first.
  await Promise.all([ticks(full!), ticks(plain!)])
  const spent = { full: 0, plain: 0 }
  for (let round = 0; round < 10; round++) {
    if (round % 2 === 0) spent.full += await ticks(full!)
    spent.plain += await ticks(plain!)
    if (round % 2 === 1) spent.full += await ticks(full!)
    tell(`${spent.full} ticks of processor time, without instrumentation ${spent.plain}`)
  }
  await Promise.all([stopChild(full!), stopChild(plain!)])
  return [atMost('what instrumentation costs', 100 * (1 - spent.plain / spent.full), 10, ' %')]
}
export default bench

async function ticks(child: Child): Promise<number> {
  const before = processorTicks(child.process.pid!)
  await load({ ...request, port: child.port })
  return processorTicks(child.process.pid!) - before
}
