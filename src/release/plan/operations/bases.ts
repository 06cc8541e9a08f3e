import { type Repository, registryLogin } from '../../../aws/resources/repository.ts'
import type { Image } from '../../../image/blob.ts'
import { shortDigest } from '../../../report/digest.ts'
import { type Bases, pinBases, unpinned } from '../../launch/bases.ts'
import { type AnyOperation, type Operation, operation, type PlanLine } from '../operation.ts'
import type { Work } from '../work.ts'

/** The bases that stay what they are. */
export function pinnedLines({ all }: Bases): PlanLine[] {
  return all.flatMap(({ reference, pinned, moves }) =>
    pinned !== undefined && moves === undefined
      ? [{ glyph: ' ' as const, what: `base ${reference}`, detail: `${shortDigest(pinned)}, pinned` }]
      : [],
  )
}

/**
 * Pins the bases of a release that serves: one on which nothing came up is not what the next deploy should stand on.
 * None where all are pinned.
 */
export function pinOperations(
  { clients, bases, machine, state }: Work,
  build: Operation<Map<string, Image>>,
  repository: Operation<Repository>,
  promote: AnyOperation,
): AnyOperation[] {
  const wanted = unpinned(bases)
  if (wanted.length === 0) return []
  return [
    operation({
      phase: 'record',
      title: 'bases',
      lines: wanted.map(({ reference, pinned, moves }) => ({
        glyph: pinned === undefined ? '+' : '~',
        what: `base ${reference}`,
        detail:
          pinned === undefined || moves === undefined
            ? `pinned when release ${state.next} serves`
            : `${shortDigest(pinned)} → ${shortDigest(moves)}, pinned when release ${state.next} serves`,
      })),
      needs: { build, repository },
      after: [promote],
      run: async ({ repository }) =>
        pinBases(clients, bases, machine.architecture, { ...(await registryLogin(clients)), repository: repository.name }),
    }),
  ]
}
