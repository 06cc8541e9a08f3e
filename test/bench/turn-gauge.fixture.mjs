/**
 * Preloaded into a service (`--import`), notes how long each round of its event loop keeps the processor. Counted is
 * the main thread's processor time, since the time on the clock is also what others on the machine take; collections of
 * garbage are told apart, since they are nobody's work in particular.
 *
 * On SIGUSR2 it writes one line, `turns {"ms":…,"gcMs":…}`, about the longest round since the last one, and begins
 * anew.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/** Rounds that take less (ms) are not kept. */
const least = 2

if (isMainThread) {
  let rounds = []
  let collections = []
  const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })

  let began = { cpu: cpuMs(), at: performance.now() }
  const round = () => {
    const now = { cpu: cpuMs(), at: performance.now() }
    if (now.cpu - began.cpu >= least) rounds.push({ from: began.at, to: now.at, ms: now.cpu - began.cpu })
    began = now
    // It must not keep an idle loop turning: without a reference it runs when the loop comes round for another reason.
    setImmediate(round).unref()
  }
  round()

  process.on('SIGUSR2', () => {
    collections.push(...observer.takeRecords())
    let longest = { ms: 0, gcMs: 0 }
    for (const { from, to, ms } of rounds) {
      const gcMs = collections
        .filter(({ startTime }) => startTime >= from && startTime < to)
        .reduce((sum, { duration }) => sum + duration, 0)
      if (ms - gcMs > longest.ms) longest = { ms: ms - gcMs, gcMs }
    }
    rounds = []
    collections = []
    process.stdout.write(`turns ${JSON.stringify(longest)}\n`)
  })
}

function cpuMs() {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
