import { associate, type ElasticIp } from '../../../aws/resources/elastic-ip.ts'
import type { KeptLaunch } from '../../state/launch-store.ts'
import type { Serving } from '../../state/stage-state.ts'
import { type AnyOperation, type Operation, operation, type PlanLine } from '../operation.ts'
import type { Work } from '../work.ts'
import { checkRelease, type LaunchedRelease } from './launch.ts'
import { launchedEntry, record } from './record.ts'
import type { Created } from './resources.ts'

/**
 * What users notice of a promotion, and what served before: its clients are let go first, and the address is led back
 * to it where the release does not answer there.
 */
export interface Promotion {
  readonly interrupts?: string
  readonly back?: Serving | undefined
}

/**
 * Leads the address to the new machine, where everything of the launch has to answer. From then on the release is what
 * users have, whatever fails later.
 */
export function promoteOperation(
  work: Work,
  elasticIp: Operation<ElasticIp>,
  push: Operation<KeptLaunch>,
  launch: Operation<LaunchedRelease>,
  { interrupts, back }: Promotion,
  after: readonly AnyOperation[],
) {
  const { clients } = work
  return operation({
    phase: 'promote',
    title: 'promote',
    lines: [addressLine(work)],
    quiet: true,
    needs: { elasticIp, push, launch },
    after,
    ...(interrupts === undefined ? {} : { interrupts }),
    final: true,
    async run({ elasticIp, push, launch }, { signal, undoSignal, seconds }) {
      // Written before the address moves: whatever kills this run then, the ledger knows the release that serves.
      await record(work, { outcome: 'promoting', seconds: seconds(), ...launchedEntry(push, launch) })
      signal.throwIfAborted()
      await associate(clients, elasticIp, launch.instance)
      try {
        await checkRelease(work, launch, elasticIp.address, 'promote', signal)
      } catch (error) {
        // At once, before the run asks what serves: as long as the address leads here, that is this release.
        if (back && !undoSignal.aborted) await associate(clients, elasticIp, back.instance)
        throw error
      }
    },
  })
}

/** Leads the address to a machine on which nothing runs yet. */
export function leadAddressOperation(
  work: Work,
  elasticIp: Operation<ElasticIp>,
  stack: Operation<Created>,
  interrupts: string | undefined,
) {
  return operation({
    phase: 'promote',
    title: 'promote',
    lines: [addressLine(work)],
    needs: { elasticIp, stack },
    ...(interrupts === undefined ? {} : { interrupts }),
    final: true,
    run: ({ elasticIp, stack }) => associate(work.clients, elasticIp, stack.instance),
  })
}

function addressLine({ state }: Work): PlanLine {
  const { address = 'the address' } = state.elasticIp ?? {}
  return { glyph: state.serving ? '~' : '+', what: 'address', detail: `${address} leads to release ${state.next}` }
}
