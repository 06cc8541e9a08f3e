import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bytesOf, judge, judgeLabels, type Measured } from './bounds.ts'
import type { Attempt, Connection } from './case.ts'
import type { Outcome } from './exchange.ts'
import { countSeries, labelsOf, parseMetrics } from './gauge.ts'

const metrics = (...more: string[]) =>
  [
    '# HELP process_cpu_seconds_total Time.',
    'process_cpu_seconds_total 1.5',
    'process_resident_memory_bytes 1048576',
    'process_start_time_seconds 1700000000',
    ...more,
    '',
  ].join('\n')

const limits = { memoryMiB: 256, cpuMsPerKB: 50 }
const attempt = (...connections: Connection[]): Attempt => ({ about: 'a case', connections })
const answered = (status: number, more: Partial<Outcome> = {}): Outcome => ({
  statuses: [status],
  sent: 100,
  received: 50,
  end: 'closed',
  ...more,
})
const measured = (outcomes: Outcome[], more: Partial<Measured> = {}): Measured => ({
  outcomes,
  cpuSeconds: 0.01,
  peakBytes: 2 ** 20,
  ...more,
})

test('readings are taken from the text of Prometheus, with what labels it has', () => {
  const reading = parseMetrics(metrics('seconds_bucket{method="GET",le="1"} 1', 'seconds_sum{method="GE\\"T"} 2'))
  const { text: _text, ...rest } = reading
  const labels = labelsOf(reading)
  assert.equal(rest, { cpuSeconds: 1.5, residentBytes: 1048576, startedAt: 1700000000 })
  assert.is(countSeries(reading), 5)
  assert.equal(labels.get('seconds method'), new Set(['GET', 'GE\\"T']))
  assert.throws(() => parseMetrics('up 1\n'), /no process_cpu_seconds_total/)
})

test('a label may get a few new values and not many', () => {
  const before = parseMetrics(metrics('requests_total{method="GET"} 1'))
  const after = (count: number) =>
    parseMetrics(metrics(...Array.from({ length: count }, (_, index) => `requests_total{method="M${index}"} 1`)))
  assert.equal(judgeLabels(before, after(16)), [])
  assert.equal(judgeLabels(before, after(17)), ['17 new values of requests_total method in /metrics'])
})

test('less than a kB counts as one', () => {
  assert.equal(judge(attempt({ pieces: [] }), measured([answered(200)], { cpuSeconds: 0.049 }), limits), [])
  const dear = judge(attempt({ pieces: [] }), measured([answered(200, { sent: 2000 })], { cpuSeconds: 0.12 }), limits)
  assert.equal(dear, ['cost 60 ms of processor time for each kB'])
})

test('an answer counts where it was asked for', () => {
  assert.is(bytesOf(attempt({ pieces: [] }), [answered(200)]), 100)
  assert.is(bytesOf(attempt({ pieces: [], asks: true }), [answered(200)]), 150)
})

test('503 says that there is too much to do; any other 5xx is wrong', () => {
  const all = [200, 400, 413, 503].map((status) => answered(status))
  assert.equal(judge(attempt(...all.map(() => ({ pieces: [] }))), measured(all), limits), [])
  assert.equal(judge(attempt({ pieces: [] }), measured([answered(507)]), limits), ['was answered with 507'])
})

test('no answer is wrong where the client waits for one', () => {
  const cut = answered(0, { statuses: [] })
  assert.equal(judge(attempt({ pieces: [] }), measured([cut]), limits), ['1 of 1 requests got no answer (closed)'])
  for (const manner of [{ garbled: true }, { leave: 'sent' }, { deaf: true }] as const)
    assert.equal(judge(attempt({ pieces: [], ...manner }), measured([cut]), limits), [])
})

test('what should be refused may be refused in any way', () => {
  const hostile = { ...attempt({ pieces: [] }), refuse: 'it is nested' }
  assert.equal(judge(hostile, measured([answered(400)]), limits), [])
  assert.equal(judge(hostile, measured([answered(201)]), limits), ['was answered with 201, though it is nested'])
})

test('memory is held against the limit of the container', () => {
  assert.equal(judge(attempt({ pieces: [] }), measured([answered(200)], { peakBytes: 257 * 2 ** 20 }), limits), ['took 257 MiB of memory'])
})

test.run()
