// time limit: 600 s
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assault } from './assault.ts'
import { bounds } from './bounds.ts'
import { countOf, renderAttack } from './report.ts'
import { startServices, usualMemoryMiB } from './services.ts'
import { openTarget } from './target.ts'

/** For both services together. */
const cases = 1000

test(`${cases} hostile requests cost both services no more than they may, and end neither`, async () => {
  const services = await startServices()
  try {
    const targets = await Promise.all(services.urls.map((url) => openTarget(url, [])))
    const numbers = Array.from({ length: cases / targets.length }, (_, index) => index)
    // How fast `/health` is says more about the machine than about the service while other tests run: that bound is the
    // lane's. For the same reason a kB may cost thrice what it may in the lane: a processor with busy neighbours takes
    // longer for everything.
    const limits = { memoryMiB: usualMemoryMiB, cpuMsPerKB: 3 * bounds.cpuMsPerKB }
    const orders = { ...limits, seed: 1, numbers, probes: false, withinMs: 540_000 }
    const results = await Promise.all(targets.map((target) => assault(target, orders)))
    const { passed, failed } = countOf(results)
    assert.is(failed, 0, `${renderAttack(results, orders)}\n${services.output()}`)
    assert.is(passed, cases)
  } finally {
    assert.equal(await services.stop(), [0, 0])
  }
})

test.run()
