import type { Instance } from '../../../aws/resources/instance.ts'
import { fingerprintOf } from '../../launch/fingerprint.ts'
import type { KeptLaunch } from '../../state/launch-store.ts'
import { type LedgerEntry, writeEntry } from '../../state/ledger.ts'
import { type AnyOperation, type Operation, operation } from '../operation.ts'
import type { Work } from '../work.ts'
import type { LaunchedRelease } from './launch.ts'
import type { Created } from './resources.ts'

/** What came of a run, as far as it has to be told. */
export type Result = Pick<LedgerEntry, 'outcome' | 'images' | 'seconds'> &
  Partial<Pick<LedgerEntry, 'error' | 'missing' | 'machine' | 'launch'>>

/** What the ledger says of a machine. */
function machineOf({ id, imageId }: Instance, engine?: string): Pick<LedgerEntry, 'machine'> {
  return { machine: { id, imageId, ...(engine && { engine }) } }
}

/** What the ledger says of a release that was launched. */
export function launchedEntry(
  { description, digest }: KeptLaunch,
  { instance, engine }: LaunchedRelease,
): Pick<LedgerEntry, 'images' | 'machine' | 'launch'> {
  return { images: description.images, ...machineOf(instance, engine), launch: digest }
}

/** Writes what came of a run into the ledger. Only the holder of the stage's lease may. */
export async function record({ config, clients, state, owner, commit, recipes }: Work, result: Result): Promise<void> {
  await writeEntry(clients, config, {
    release: state.next,
    at: new Date().toISOString(),
    by: `${owner.user}@${owner.host}`,
    ...(commit ? { commit } : {}),
    ...(result.outcome === 'serving' || result.outcome === 'promoting' ? { fingerprint: fingerprintOf(config, result.images) } : {}),
    missing: recipes.missing,
    ...result,
  })
}

/**
 * Writes down how a promotion ended that was killed before it could: its release serves. It is known now, and not any
 * more when the next has replaced it. None where the last promotion has done that itself.
 */
export function settleLedgerOperations({ clients, config, state: { last, serving } }: Work): AnyOperation[] {
  if (last?.outcome !== 'promoting' || last.release !== serving?.runs) return []
  return [
    operation({
      phase: 'record',
      title: 'ledger of the last promotion',
      lines: [{ glyph: '~', what: 'ledger', detail: `release ${last.release} serves, though the run that promoted it was ended` }],
      run: () => writeEntry(clients, config, { ...last, outcome: 'serving' }),
    }),
  ]
}

/** The entry of a machine on which nothing was launched, which is true wherever the address leads. */
export function recordProvisionedOperation(work: Work, stack: Operation<Created>, after: readonly AnyOperation[]) {
  return operation({
    phase: 'record',
    title: 'ledger',
    lines: [{ glyph: '+', what: 'ledger', detail: `release ${work.state.next}, provisioned` }],
    needs: { stack },
    after,
    run: ({ stack }, { seconds }) =>
      record(work, { outcome: 'provisioned', images: {}, missing: [], seconds: seconds(), ...machineOf(stack.instance) }),
  })
}

/** The entry of a release that serves. */
export function recordOperation(
  work: Work,
  push: Operation<KeptLaunch>,
  launch: Operation<LaunchedRelease>,
  after: readonly AnyOperation[],
) {
  return operation({
    phase: 'record',
    title: 'ledger',
    lines: [{ glyph: '+', what: 'ledger', detail: `release ${work.state.next}, its images and its times` }],
    needs: { push, launch },
    after,
    run: ({ push, launch }, { seconds }) => record(work, { outcome: 'serving', seconds: seconds(), ...launchedEntry(push, launch) }),
  })
}
