import type { Listed } from '../../aws/graph/inventory.ts'
import { Inventory } from '../../aws/graph/inventory.ts'
import type { Context } from '../../aws/graph/resource.ts'
import { type Instance, instances, tagInstance } from '../../aws/resources/instance.ts'
import { step } from '../../report/step.ts'
import { keptTag, ownerOf, releaseOf, type StageId } from './names.ts'
import { retire } from './retire.ts'

/**
 * Leaves the machine of a release that has failed, with a tag that says since when, so that somebody can look at it.
 * The next deploy removes it as it removes every release that serves nobody. Where no machine was made, there is
 * nothing to look at, and what was made goes.
 */
export async function keepOrRetire(run: Pick<Context, 'clients' | 'signal' | 'emit'>, id: StageId, release: number): Promise<void> {
  const { clients, signal, emit } = run
  const machines = machinesOf(await new Inventory(clients, ownerOf(id)).all(instances), release)
  if (machines.length === 0) return retire(run, id, release, 'clear away')
  signal.throwIfAborted()
  const kept = async () => {
    for (const machine of machines) await tagInstance(clients, machine, { [keptTag]: new Date().toISOString() })
  }
  await step(emit, { phase: 'clear away', step: `instance (release ${release})` }, kept, () => ({
    state: 'skipped',
    detail: `${machines.map(({ id }) => id).join(', ')} kept`,
  }))
}

/** The machines of a release that somebody can look at. */
export function machinesOf(listed: readonly Listed<Instance>[], release: number): Instance[] {
  return listed.filter(({ tags, out }) => releaseOf(tags) === release && out.state !== 'shutting-down').map(({ out }) => out)
}
