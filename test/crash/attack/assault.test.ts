import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../../../services/kit/child.fixture.ts'
import { tryCase } from './assault.ts'
import type { Attempt } from './case.ts'
import { parseMetrics } from './gauge.ts'
import { openInstrument } from './instrument.ts'
import { post } from './message.ts'
import { findProcess } from './process.ts'
import { openTarget, type Target } from './target.ts'

const entry = `${import.meta.dirname}/careless.fixture.ts`
const limits = { memoryMiB: 256, cpuMsPerKB: 50 }
const backMs = 100

/**
 * Tries one request to a service that makes mistakes.
 * @returns what was found wrong, and whether the rest can be tried
 */
async function found(path: string, more: Partial<Attempt> = {}): Promise<[readonly string[], boolean]> {
  return withCareless(async (target) => {
    const instrument = await openInstrument(target, { probes: false, backMs })
    const attempt: Attempt = { about: path, connections: [post(path, '{}')], ...more }
    try {
      const [{ problems }, over] = await tryCase(target, instrument, { number: 0, make: () => attempt }, limits)
      return [problems, over]
    } finally {
      await instrument.close()
    }
  })
}

async function withCareless<T>(work: (target: Target, child: Child) => Promise<T>): Promise<T> {
  const child = await startChild(entry)
  try {
    return await work(await openTarget(child.address!, ['/fine']), child)
  } finally {
    await stopChild(child)
  }
}

test('what is fine is found fine', async () => {
  assert.equal(await found('/fine'), [[], false])
})

test('a service that ends is found out, also that it does not come back', async () => {
  const [problems, over] = await found('/crash')
  assert.match(problems[0]!, /^ended the service/)
  assert.ok(over)
})

test('an error of the service is found out', async () => {
  assert.equal(await found('/error'), [['was answered with 500'], false])
})

test('a request that gets no answer is found out', async () => {
  assert.equal(await found('/silent'), [['1 of 1 requests got no answer (closed)'], false])
})

test('what should have been refused is found out', async () => {
  assert.equal(await found('/fine', { refuse: 'it is wrong' }), [['was answered with 200, though it is wrong'], false])
})

for (const path of ['/busy', '/later'])
  test(`processor time is found out, while the client waits and after it: ${path}`, async () => {
    const [problems] = await found(path)
    assert.is(problems.length, 1)
    assert.match(problems[0]!, /^cost 1\d\d ms of processor time for each kB$/)
  })

test('memory is found out', async () => {
  const [problems] = await found('/memory')
  assert.match(problems.at(-1)!, /^took [34]\d\d MiB of memory$/)
})

test('`/health` is measured beside a bare server, and what that costs is not held against the cases', () =>
  withCareless(async (target) => {
    const instrument = await openInstrument(target, { probes: true, backMs })
    try {
      const { health, noise } = await instrument.prober!.take()
      assert.ok(health.asked > 20 && noise.asked > 20)
      assert.ok(health.p99 > 0 && noise.p99 > 0)
      const { cpuSeconds } = await instrument.measure(() => new Promise((resolve) => setTimeout(resolve, 1000)))
      assert.ok(cpuSeconds! < 0.2, `${cpuSeconds} s`)
    } finally {
      await instrument.close()
    }
  }))

if (process.platform === 'linux')
  test('the process that listens is found by its port and its start, and its peak is counted anew', () =>
    withCareless(async ({ host, port }, child) => {
      const { startedAt } = parseMetrics(await (await fetch(`http://${host}:${port}/metrics`)).text())
      const found = findProcess(port, startedAt)
      assert.is(found?.pid, child.process.pid)
      assert.ok(found!.peakBytes() > 20e6)
      assert.is(findProcess(port, startedAt - 60), undefined)
      const peak = found!.peakBytes()
      await fetch(`http://${host}:${port}/memory`)
      assert.ok(found!.peakBytes() > peak + 250e6)
    }))

test.run()
