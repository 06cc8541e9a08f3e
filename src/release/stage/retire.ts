import type { Clients } from '../../aws/clients.ts'
import { down } from '../../aws/graph/graph.ts'
import { Inventory } from '../../aws/graph/inventory.ts'
import type { Context } from '../../aws/graph/resource.ts'
import { type Instance, instances } from '../../aws/resources/instance.ts'
import { runCommand } from '../../aws/run-command.ts'
import type { Emit, Phase } from '../../report/event.ts'
import { type StepOutcome, step } from '../../report/step.ts'
import { settled } from '../plan/settled.ts'
import { ownerOf, releaseOf, type StageId } from './names.ts'
import { existingStack } from './stack.ts'

/** How long the containers of a machine may take to finish what is in flight, in seconds. */
const drainSeconds = 30

/** Lets every container finish what is in flight: SIGTERM, and the time a service takes to drain. */
const drainScript = `docker ps -q | xargs -r docker stop -t ${drainSeconds - 10}`

/**
 * Removes the stacks of these releases, side by side. Their machines are drained before they go; one that cannot be
 * drained (it is dead, or its agent is) goes without, and the progress says so.
 */
export async function retire(
  clients: Clients,
  id: StageId,
  releases: readonly number[],
  phase: Phase,
  signal: AbortSignal,
  emit: Emit,
): Promise<void> {
  const context = { clients, inventory: new Inventory(clients, ownerOf(id)), signal, emit }
  await settled(
    releases.map(async (release) => {
      const machines = (await context.inventory.all(instances)).filter((listed) => releaseOf(listed.tags) === release)
      await Promise.all(machines.map((machine) => drain(clients, machine.out, phase, signal, labelled(emit, release))))
      await removeMachine(context, id, release, phase)
      await removeNetwork(context, id, release, phase)
    }),
  )
}

/** Terminates the machine of a release, as it is. */
export async function removeMachine(context: Context, id: StageId, release: number, phase: Phase): Promise<void> {
  await down([existingStack(id, release).instance], { ...context, emit: labelled(context.emit, release) }, phase)
}

/** Removes what a machine stood in; it must be gone. */
export async function removeNetwork(context: Context, id: StageId, release: number, phase: Phase): Promise<void> {
  await down(existingStack(id, release).network, { ...context, emit: labelled(context.emit, release) }, phase)
}

/** Stacks go side by side, so each step says whose it is. */
function labelled(emit: Emit, release: number): Emit {
  return (event) => emit(event.step ? { ...event, step: `${event.step} (release ${release})` } : event)
}

async function drain(clients: Clients, instance: Instance, phase: Phase, signal: AbortSignal, emit: Emit): Promise<void> {
  if (instance.state !== 'running') return
  const work = async (waiting: (detail: string) => void): Promise<StepOutcome> => {
    try {
      const { status } = await runCommand(clients, instance.id, drainScript, { comment: 'Drain', seconds: drainSeconds, signal, waiting })
      return { state: status === 'Success' ? 'done' : 'skipped', detail: status }
    } catch (error) {
      signal.throwIfAborted()
      // The machine goes either way: draining is a courtesy to requests in flight, and a dead machine has none.
      return { state: 'skipped', detail: (error as Error).message }
    }
  }
  await step(emit, { phase, step: 'drain' }, work, (ending) => ending)
}
