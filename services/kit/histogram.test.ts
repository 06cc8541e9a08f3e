import { Histogram as ClientHistogram, Registry } from 'prom-client'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Histogram } from './histogram.ts'

const about = { name: 'seconds', help: 'How long it took.', buckets: [0.1, 1, 10] }

test('what it shows is to the letter what prom-client’s own histogram shows', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const histogram = new Histogram<'method' | 'code'>(ours, about)
  const client = new ClientHistogram({ ...about, labelNames: ['method', 'code'], registers: [theirs] })
  const observe = (method: string, code: number, value: number) => {
    histogram.series({ method, code }).observe(value)
    client.observe({ method, code }, value)
  }
  for (const value of [0, 0.1, 0.10001, 1, 5, 10, 10.5, 1e9, -3]) observe('GET', 200, value)
  observe('POST', 404, 0.5)
  observe('a "quoted" \\ line\n', 200, 2)
  assert.is(await ours.metrics(), await theirs.metrics())
  const values = async (registry: Registry) => (await registry.getMetricsAsJSON()).map((metric) => metric.values.map(({ value }) => value))
  assert.equal(await values(ours), await values(theirs))
})

test('so it is without labels', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const series = new Histogram(ours, about).series({})
  const client = new ClientHistogram({ ...about, registers: [theirs] })
  // One that has observed nothing shows already.
  assert.is(await ours.metrics(), await theirs.metrics())
  for (const value of [0.05, 3]) {
    series.observe(value)
    client.observe(value)
  }
  assert.is(await ours.metrics(), await theirs.metrics())
})

test('a series that somebody keeps counts from nothing when the registry is reset', async () => {
  const registry = new Registry()
  const series = new Histogram(registry, about).series({})
  series.observe(1)
  registry.resetMetrics()
  assert.match(await registry.metrics(), /^seconds_sum 0\nseconds_count 0$/m)
  series.observe(7)
  assert.match(await registry.metrics(), /^seconds_sum 7\nseconds_count 1$/m)
})

test('what is no number is refused, and a name that is taken as well', async () => {
  const registry = new Registry()
  const histogram = new Histogram(registry, about)
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => histogram.series({}).observe(value), TypeError)
  assert.match(await registry.metrics(), /^seconds_count 0$/m)
  assert.throws(() => new Histogram(registry, about), 'already been registered')
})

test.run()
