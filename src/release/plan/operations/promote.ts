import { associate, type ElasticIp } from '../../../aws/elastic-ip.ts'
import type { Instance } from '../../../aws/instance.ts'
import { type AnyOperation, type Operation, operation } from '../operation.ts'
import type { Work } from '../work.ts'
import { checkMachine } from './launch.ts'
import type { Created } from './resources.ts'

export interface Promotion {
  /** What users notice meanwhile, in one sentence. */
  readonly interrupts?: string
  /** The machine that the address is led back to where the release does not answer there. */
  readonly back?: Instance | undefined
  /** Whether something was launched that has to answer at the address. */
  readonly check: boolean
}

/** Leads the address to the new machine. From then on the release is what users have, whatever fails later. */
export function promoteOperation(
  work: Work,
  elasticIp: Operation<ElasticIp>,
  stack: Operation<Created>,
  { interrupts, back, check }: Promotion,
  after: readonly AnyOperation[],
) {
  const { clients, situation } = work
  const { address = 'the address' } = situation.elasticIp ?? {}
  let led: ElasticIp | undefined
  return operation({
    phase: 'promote',
    title: 'promote',
    lines: [{ glyph: situation.serving ? '~' : '+', what: 'address', detail: `${address} leads to release ${situation.next}` }],
    quiet: true,
    needs: { elasticIp, stack },
    after,
    ...(interrupts === undefined ? {} : { interrupts }),
    final: true,
    async run({ elasticIp, stack: { instance } }, { signal }) {
      led = elasticIp
      await associate(clients, elasticIp, instance.id)
      if (check) await checkMachine(work, instance, elasticIp.address, 'promote', signal)
    },
    async undo() {
      if (led && back) await associate(clients, led, back.id)
    },
  })
}
