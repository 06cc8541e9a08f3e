import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { CaseResult, ServiceResult } from './assault.ts'
import { countOf, renderAttack } from './report.ts'

const one = (number: number, more: Partial<CaseResult> = {}): CaseResult => ({
  number,
  about: 'lists, 100000 deep, in a body that is called something long enough for a line',
  bytes: 1200,
  cpuSeconds: 0.012,
  cpuMsPerKB: 10,
  peakBytes: 130 * 2 ** 20,
  peakPerByte: 3,
  statuses: { 400: 1 },
  problems: [],
  ...more,
})
const latencies = (p99: number) => ({ asked: 100, p99 })
const service: ServiceResult = {
  name: 'ml-inference',
  url: 'http://127.0.0.1:8001',
  rest: { health: latencies(2), noise: latencies(1.5) },
  restBytes: 120 * 2 ** 20,
  exact: true,
  series: [240, 260],
  families: [
    { name: 'nesting', cases: [one(1), one(9, { cpuMsPerKB: 12 })], untried: 0, health: latencies(12), noise: latencies(3), problems: [] },
    {
      name: 'many at once',
      cases: [
        one(7, { cpuSeconds: undefined, cpuMsPerKB: Number.NaN, statuses: { cut: 2, 503: 1 }, problems: ['ended the service (gone)'] }),
      ],
      untried: 2,
      health: latencies(1000),
      noise: latencies(4),
      problems: ['/health took 1000 ms (p99)'],
    },
  ],
}

test('the whole report, at 80 columns but for the commands', () => {
  const text = renderAttack([service], { seed: 1, memoryMiB: 256 })
  assert.is(
    text,
    `ml-inference at http://127.0.0.1:8001
at rest: 120 MiB; p99 of /health 2.0 ms, a bare server 1.5 ms

FAMILY        CASES  FAILED  UNTRIED  MS/KB  MiB  WORST  HEALTH p99   NOISE
nesting           2       0              12  130    400       12 ms  3.0 ms
many at once      1       1        2      –  130    cut     1000 ms  4.0 ms

Bounds: 50 ms/kB (a case counts as at least 1 kB), 256 MiB, no 5xx but 503,
/health within 100 ms of a bare server (NOISE), 16 new values a label.
Series of /metrics: 240 before, 260 after.

The dearest case of each family:
  nesting: lists, 100000 deep, in a body that is called something long enough f…
    1200 bytes, 0.012 s CPU, 12 ms/kB, 3.0 bytes of memory a byte; 400 × 1
    npx node test/crash/attack.ts --url http://127.0.0.1:8001 --seed 1 --case 9
  many at once: lists, 100000 deep, in a body that is called something long eno…
    1200 bytes, it did not survive, 3.0 bytes of memory a byte; 503 × 1, cut × 2
    npx node test/crash/attack.ts --url http://127.0.0.1:8001 --seed 1 --case 7

FAILED: many at once
  /health took 1000 ms (p99)
  2 cases were not tried: too many had failed, or there was no more time
  lists, 100000 deep, in a body that is called something long enough for a line
    ended the service (gone)
    npx node test/crash/attack.ts --url http://127.0.0.1:8001 --seed 1 --case 7

2 passed, 4 failed`,
  )
  for (const line of text.split('\n')) assert.ok(line.length <= 80 || line.includes('npx node'), line)
})

test('what was not tried has not passed', () => {
  assert.equal(countOf([service]), { passed: 2, failed: 4 })
})

test.run()
