import { explain } from '../aws/errors.ts'
import { criticalPath } from '../aws/graph/critical-path.ts'
import type { Timing } from '../aws/graph/walk.ts'
import { exit, Failure } from '../report/failure.ts'
import { digestsOf } from './launch/images.ts'
import { carryOut, type OperationTiming } from './plan/carry-out.ts'
import { launchedPorts } from './plan/operations/launch.ts'
import { record } from './plan/operations/record.ts'
import { phaseSeconds, phaseTimes } from './plan/phase-progress.ts'
import type { Plan } from './plan/plan.ts'
import type { Work } from './plan/work.ts'
import { urlOf } from './state/health-check.ts'
import type { Lease } from './state/lease.ts'
import { lookAt, servingRelease } from './state/stage-state.ts'

export interface Deployed {
  readonly release: number
  /** Where it was made. */
  readonly account: string
  readonly region: string
  readonly address: string
  /** URL by name, of everything that is open to the outside. */
  readonly urls: Readonly<Record<string, string>>
  /** Digest by image name. */
  readonly images: Readonly<Record<string, string>>
  readonly missing: readonly string[]
  /** What of the monitoring does not work: the release serves without it. */
  readonly warnings: readonly Failure[]
  /** Seconds by phase. */
  readonly seconds: Readonly<Record<string, number>>
  /** The phases on one time axis, in seconds since the first began. */
  readonly timeline: readonly { readonly label: string; readonly start: number; readonly seconds: number }[]
  /** What ran, and when: the operations of the plan in the order in which they ended. */
  readonly operations: readonly OperationTiming[]
  /** The chain of resources that took longest to create: no more hands would make it shorter. */
  readonly critical: readonly Timing[]
}

export interface RunOptions {
  readonly lease: Lease
  /** Aborted when the user wants to stop. */
  readonly signal: AbortSignal
}

/**
 * Carries out the plan of a deploy, or of a provisioning, under the stage's lease. Everything that fails before the
 * promotion removes the new stack and leaves the old one serving.
 * @throws Failure with exit code 4 (the previous release still serves) or 5 (nothing serves)
 */
export async function deploy(work: Work, plan: Plan, { lease, signal }: RunOptions): Promise<Deployed> {
  // Asked again after a failure, because a run that failed cannot know how far it got.
  let serving: { readonly release: number | undefined } | undefined
  const mayUndo = async () => {
    serving = { release: servingRelease(await lookAt(work.clients, work.config)) }
    return serving.release !== plan.release
  }
  const { all, elasticIp, stack, build, push, monitoring } = plan.operations
  const carried = await carryOut(all, { emit: work.emit, signal, undoSignal: lease.signal, mayUndo })
  const seconds = phaseSeconds(carried.timings)
  if (carried.ok) {
    const { address } = carried.resultOf(elasticIp)
    const images = push ? carried.resultOf(push).description.images : {}
    const open = launchedPorts(work).filter(({ name, expose }) => images[name] !== undefined && expose !== 'nobody')
    return {
      release: plan.release,
      account: plan.account,
      region: plan.region,
      address,
      urls: Object.fromEntries(open.map(({ name, port }) => [name, urlOf(address, port)])),
      images,
      missing: plan.missing,
      warnings: monitoring ? carried.resultOf(monitoring) : [],
      seconds,
      timeline: phaseTimes(carried.timings),
      operations: carried.timings,
      critical: criticalPath(carried.resultOf(stack).timings),
    }
  }
  if (lease.signal.aborted) throw lease.signal.reason
  // Past the promotion nothing is undone, so nothing was asked: what was launched is what users have.
  if (carried.final && push) serving = { release: plan.release }
  const also = carried.notUndone.map((problem) => `The clean-up failed as well: ${problem}`)
  // Node's own calls wrap the reason of an abort in an error that tells nothing.
  const cause = signal.aborted && (carried.error as Error).name === 'AbortError' ? signal.reason : carried.error
  const built = build && carried.resultOf(build)
  if (serving && serving.release !== plan.release)
    await record(work, { outcome: 'failed', images: built ? digestsOf(built) : {}, seconds, error: (cause as Error).message }).catch(
      (error: Error) => also.push(`The ledger could not be written: ${error.message}`),
    )
  throw failureOf(cause, { verb: work.owner.verb, release: plan.release, serving, also })
}

interface Aftermath {
  /** What was asked for: `deploy`. */
  readonly verb: string
  readonly release: number
  /** What serves now; undefined where that could not be found out. */
  readonly serving: { readonly release: number | undefined } | undefined
  readonly also: readonly string[]
}

/** The failure of a run, with how the stage stands after it. */
function failureOf(cause: unknown, { verb, release, serving, also }: Aftermath): unknown {
  const failure = explain(cause, `Could not ${verb} release ${release}`, `release ${release}`)
  if (!(failure instanceof Failure)) return failure
  const { message, details } = failure
  const told = (first: string, ...last: string[]) => [first, ...also, ...last].join('\n')
  if (!serving) return new Failure(told(message), details)
  if (serving.release === release) return new Failure(told(`Release ${release} serves, but what comes after failed: ${message}`), details)
  const code = details.code ?? (serving.release === undefined ? exit.nothingServing : exit.stillServing)
  const state =
    serving.release === undefined ? 'Nothing serves now.' : `Release ${serving.release} still serves; nothing changed for its users.`
  return new Failure(told(message, state), { ...details, code })
}
