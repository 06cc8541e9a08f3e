/**
 * Cuts deploy, redeploy and destroy off at every call that they make, in every way that a process, a network and an
 * account can: then the next deploy must end serving, a destroy must leave nothing, and what served must have served
 * throughout. A few moments are tried again with real machines. The last line is the sum.
 *
 *   node test/crash/deploy-path.ts             everything
 *   node test/crash/deploy-path.ts 'Vpc.*lost' the points whose names match this regular expression
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { freePorts } from '../support/project.ts'
import { Lane } from './lane.fixture.ts'
import { label, momentsOf, type Point, pointsOf, scenes } from './point.fixture.ts'

/**
 * As many at the same time: a killed process's lease must end before the next step, so most of a lane's time is
 * waiting.
 */
const lanes = 3
/** With real machines every so-many-th point is tried. */
const sample = 40

interface Share {
  readonly index: number
  readonly port: number
  readonly pattern: string
}

/** What a lane tells about one point. */
interface Tried {
  readonly point: string
  readonly problem?: string
}

if (process.send) {
  process.once('message', (share: Share) => void work(share))
  process.once('disconnect', () => process.exit())
} else await lead()

/** Tries every `lanes`-th point. */
async function work({ index, port, pattern }: Share): Promise<void> {
  const emit = (point: string, problem?: string) => process.send?.({ point, ...(problem ? { problem } : {}) } satisfies Tried)
  const wanted = new RegExp(pattern)
  let points: Point[] = []
  const light = await Lane.open(port, 'light')
  try {
    for (const scene of scenes) points.push(...pointsOf(scene, momentsOf(await light.calls(scene))))
    points = points.filter((point) => wanted.test(label(point)))
    for (const point of points.filter((_, number) => number % lanes === index)) emit(label(point), await light.try(point))
  } finally {
    await light.close()
  }
  const again = points.filter((_, number) => number % (lanes * sample) === index * sample)
  if (again.length === 0) return process.disconnect()
  const real = await Lane.open(port, 'real')
  try {
    for (const point of again) {
      emit(`${label(point)}, with real machines`, await real.try(point))
    }
  } finally {
    await real.close()
  }
  process.disconnect()
}

async function lead(): Promise<void> {
  const started = performance.now()
  const ports = await freePorts(lanes)
  const tried: Tried[] = []
  const codes = await Promise.all(
    ports.map(async (port, index) => {
      const child = fork(import.meta.filename, { execArgv: ['--disable-warning=ExperimentalWarning'] })
      child.on('message', (one: Tried) => {
        tried.push(one)
        if (one.problem) console.log(`✗ ${one.point}\n  ${one.problem}`)
        if (tried.length % 100 === 0) console.log(`  ${tried.length} points, ${((performance.now() - started) / 1000).toFixed(0)} s`)
      })
      child.send({ index, port, pattern: process.argv[2] ?? '' } satisfies Share)
      const [code] = await once(child, 'exit')
      return code as number | null
    }),
  )
  const failed = tried.filter(({ problem }) => problem !== undefined)
  const leaked = failed.filter(({ problem }) => /^(there is|the run left|the receipt lists)/.test(problem!))
  console.log(`points ${tried.length}, recovered ${tried.length - failed.length}, leaked ${leaked.length}`)
  if (failed.length > 0 || tried.length === 0 || codes.some((code) => code !== 0)) process.exitCode = 1
}
