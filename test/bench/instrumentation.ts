import { type Child, startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { load, median } from './load.fixture.ts'
import { atMost, type Bench } from './row.fixture.ts'

const request = { path: '/echo', body: '{"features":[5.1,3.5,1.4,0.2]}', expect: 200, connections: 64, ms: 1500 }

/** What request ids, logs, metrics and readiness cost: a service on the kit against the same routes on the kit's parts without them. */
const bench: Bench = async (tell) => {
  const start = (instrumented: string) => startChild(`${import.meta.dirname}/echo.fixture.ts`, { INSTRUMENTED: instrumented })
  const [full, plain]: Child[] = [await start('yes'), await start('no')]
  const shares: number[] = []
  for (let round = 0; round < 8; round++) {
    const one = await load({ ...request, port: full!.port })
    const other = await load({ ...request, port: plain!.port })
    // The first one warms both up.
    if (round > 0) shares.push(100 * (1 - one.rate / other.rate))
    tell(`${one.rate.toFixed(0)} a second, without instrumentation ${other.rate.toFixed(0)}`)
  }
  await Promise.all([stopChild(full!), stopChild(plain!)])
  return [atMost('what instrumentation costs', median(shares), 10, ' %')]
}
export default bench
