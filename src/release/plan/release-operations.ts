import type { ElasticIp } from '../../aws/resources/elastic-ip.ts'
import type { Image } from '../../image/blob.ts'
import type { Failure } from '../../report/failure.ts'
import type { KeptLaunch } from '../state/launch-store.ts'
import { servingRelease } from '../state/stage-state.ts'
import type { AnyOperation, Operation } from './operation.ts'
import { pinOperations } from './operations/bases.ts'
import { buildOperation, ownSecretsOperation, type PlannedImages, pushOperation } from './operations/images.ts'
import { lameDuckOperation } from './operations/lame-duck.ts'
import { checkOperation, launchOperation } from './operations/launch.ts'
import { monitoringOperations } from './operations/monitoring.ts'
import { leadAddressOperation, type Promotion, promoteOperation } from './operations/promote.ts'
import { recordOperation, recordProvisionedOperation, settleLedgerOperations } from './operations/record.ts'
import {
  type Created,
  elasticIpOperation,
  networkRemovalOperation,
  repositoryOperation,
  retireOperations,
  stackOperation,
} from './operations/resources.ts'
import { smokeOperation } from './operations/smoke.ts'
import type { Retirement } from './strategy/retirements.ts'
import type { Work } from './work.ts'

/**
 * How a release takes the place of what is there: which stacks go before anything is made, and which once it serves,
 * each with the reason.
 */
export interface Replacement {
  readonly before: readonly Retirement[]
  readonly afterwards: readonly Retirement[]
  /** Whether the stage's own network goes, and why: before anything is made, or once nothing stands in it. */
  readonly network?: { readonly when: 'before' | 'afterwards'; readonly why: string } | undefined
  readonly promotion: Promotion
}

/** The operations of a run, and those whose results are told when it has ended. */
export interface ReleaseOperations {
  /** In an order in which each comes after those it needs. */
  readonly all: readonly AnyOperation[]
  readonly elasticIp: Operation<ElasticIp>
  readonly stack: Operation<Created>
  /** Absent where nothing is built. */
  readonly build?: Operation<Map<string, Image>>
  readonly push?: Operation<KeptLaunch>
  /** Results in what of the monitoring does not work; absent where nothing is monitored. */
  readonly monitoring?: Operation<Failure[]>
}

/**
 * From nothing to a release that serves and everything else gone: images and resources come into being side by side.
 */
export function releaseOperations(work: Work, replacement: Replacement, images?: PlannedImages): ReleaseOperations {
  const { afterwards, promotion } = replacement
  const gone = removedBefore(work, replacement)
  const elasticIp = elasticIpOperation(work, gone)
  const repository = repositoryOperation(work, gone)
  const stack = stackOperation(work, gone)
  const secrets = work.recipes.ownSecrets.length > 0 ? [ownSecretsOperation(work, gone)] : []
  const build = buildOperation(work, gone)
  const push = pushOperation(work, build, repository, images)
  const launch = launchOperation(work, push, stack, secrets)
  const check = checkOperation(work, launch)
  const smoke = smokeOperation(work, launch, [check])
  const settled = settleLedgerOperations(work)
  const { back } = promotion
  const lameDuck = back && servingRelease(work.state) !== undefined ? [lameDuckOperation(work, back, [check, smoke, ...settled])] : []
  const promote = promoteOperation(work, elasticIp, push, launch, promotion, [check, smoke, ...settled, ...lameDuck])
  const monitoring = monitoringOperations(work, push, launch, elasticIp, promote)
  const record = recordOperation(work, push, launch, [promote])
  const pins = pinOperations(work, build, repository, promote)
  const retired = afterwards.flatMap((retirement) => retireOperations(work, retirement, [promote]))
  const network = removedAfterwards(work, replacement, [promote, ...retired])
  const all = [
    ...gone,
    elasticIp,
    repository,
    stack,
    ...secrets,
    build,
    push,
    ...settled,
    launch,
    check,
    smoke,
    ...lameDuck,
    promote,
    ...monitoring,
    record,
    ...pins,
    ...retired,
    ...network,
  ]
  return { all, elasticIp, stack, build, push, ...(monitoring[0] && { monitoring: monitoring[0] }) }
}

/**
 * The resources of a stage and an empty machine that its address leads to: nothing is built and nothing is launched.
 */
export function provisionOperations(work: Work, replacement: Replacement): ReleaseOperations {
  const { afterwards, promotion } = replacement
  const gone = removedBefore(work, replacement)
  const elasticIp = elasticIpOperation(work, gone)
  const repository = repositoryOperation(work, gone)
  const stack = stackOperation(work, gone)
  const promote = leadAddressOperation(work, elasticIp, stack, promotion.interrupts)
  const settled = settleLedgerOperations(work)
  const record = recordProvisionedOperation(work, stack, [elasticIp, ...settled])
  // What serves is left alone: there is nothing yet that could take its place.
  const leftOver = afterwards.filter(({ release }) => release !== work.state.serving?.madeBy)
  const retired = leftOver.flatMap((retirement) => retireOperations(work, retirement, [promote]))
  const network = afterwards.length > leftOver.length ? [] : removedAfterwards(work, replacement, [promote, ...retired])
  const all = [...gone, elasticIp, repository, stack, ...settled, promote, record, ...retired, ...network]
  return { all, elasticIp, stack }
}

/** What goes before anything is made. */
function removedBefore(work: Work, { before, network }: Replacement): AnyOperation[] {
  const gone = before.flatMap((retirement) => retireOperations(work, retirement))
  return network?.when === 'before' ? [...gone, networkRemovalOperation(work, network.why, gone)] : gone
}

/** The network, where it goes when nothing stands in it any more. */
function removedAfterwards(work: Work, { network }: Replacement, after: readonly AnyOperation[]): AnyOperation[] {
  return network?.when === 'afterwards' ? [networkRemovalOperation(work, network.why, after)] : []
}
