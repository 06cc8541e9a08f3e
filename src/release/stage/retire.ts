import type { Clients } from '../../aws/clients.ts'
import type { Listed } from '../../aws/graph/inventory.ts'
import { Inventory } from '../../aws/graph/inventory.ts'
import type { Context } from '../../aws/graph/resource.ts'
import { type Instance, instances } from '../../aws/resources/instance.ts'
import { removeTagged } from '../../aws/resources/removal.ts'
import { runCommand } from '../../aws/run-command.ts'
import type { Emit, Phase } from '../../report/event.ts'
import { type StepOutcome, step } from '../../report/step.ts'
import { settled } from '../plan/settled.ts'
import { ownerOf, releaseOf, type StageId } from './names.ts'

/** How long the containers of a machine may take to finish what is in flight, in seconds. */
export const drainSeconds = 20

/** Lets every container finish what is in flight: SIGTERM, and the time a service takes to drain. */
const drainScript = `docker ps -q | xargs -r docker stop -t ${drainSeconds}`

/** What a removal works with: how it is stopped, and whom it tells. */
type Run = Pick<Context, 'clients' | 'signal' | 'emit'>

/** Those machines of a release that run, so that there may be requests in flight. */
export function running(machines: readonly Listed<Instance>[], release: number): Instance[] {
  return machines.filter(({ tags, out }) => releaseOf(tags) === release && out.state === 'running').map(({ out }) => out)
}

/**
 * Drains machines of a release, side by side. One that cannot be drained (it is dead, or its agent is) is left as it
 * is, and the progress says so: it goes either way.
 */
export async function drainMachines(
  { clients, signal, emit }: Run,
  machines: readonly Instance[],
  release: number,
  phase: Phase,
): Promise<void> {
  await settled(machines.map((machine) => drain(clients, machine, phase, signal, labelled(emit, release))))
}

/**
 * Removes the stack of a release, as it is: whatever carries the release's tag, of whatever kind, so also the network
 * that a release of an earlier version had to itself.
 */
export async function removeStack({ clients, signal, emit }: Run, id: StageId, release: number, phase: Phase): Promise<void> {
  const context = { clients, inventory: new Inventory(clients, ownerOf(id)), signal, emit }
  const told = { ...context, emit: labelled(emit, release) }
  await removeTagged({ wanted: (tags) => releaseOf(tags) === release }, told, phase)
}

/** Drains and removes the stack of a release, whatever there is of it. */
export async function retire(run: Run, id: StageId, release: number, phase: Phase): Promise<void> {
  const listed = await new Inventory(run.clients, ownerOf(id)).all(instances)
  await drainMachines(run, running(listed, release), release, phase)
  await removeStack(run, id, release, phase)
}

/** Terminates the machine of a release, as it is. */
export async function removeMachine(context: Context, release: number, phase: Phase): Promise<void> {
  const told = { ...context, emit: labelled(context.emit, release) }
  await removeTagged({ kinds: [instances], wanted: (tags) => releaseOf(tags) === release }, told, phase)
}

/** Stacks go side by side, so each step says whose it is. */
function labelled(emit: Emit, release: number): Emit {
  return (event) => emit(event.step ? { ...event, step: `${event.step} (release ${release})` } : event)
}

async function drain(clients: Clients, instance: Instance, phase: Phase, signal: AbortSignal, emit: Emit): Promise<void> {
  const work = async (waiting: (detail: string) => void): Promise<StepOutcome> => {
    try {
      const { status } = await runCommand(clients, instance.id, drainScript, {
        comment: 'Drain',
        seconds: drainSeconds + 10,
        signal,
        waiting,
      })
      return { state: status === 'Success' ? 'done' : 'skipped', detail: status }
    } catch (error) {
      signal.throwIfAborted()
      // The machine goes either way: draining is a courtesy to requests in flight, and a dead machine has none.
      return { state: 'skipped', detail: (error as Error).message }
    }
  }
  await step(emit, { phase, step: 'drain' }, work, (ending) => ending)
}
