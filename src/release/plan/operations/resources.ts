import { up } from '../../../aws/graph/graph.ts'
import type { AnyResource, Context } from '../../../aws/graph/resource.ts'
import type { Timing } from '../../../aws/graph/walk.ts'
import type { ElasticIp } from '../../../aws/resources/elastic-ip.ts'
import type { Instance, MachineSpec } from '../../../aws/resources/instance.ts'
import type { Repository } from '../../../aws/resources/repository.ts'
import { openPorts } from '../../stage/ports.ts'
import { drainMachines, drainSeconds, removeStack, retire, running } from '../../stage/retire.ts'
import { existingStack, networkParts, type Stack, stack } from '../../stage/stack.ts'
import { type StageResources, stageResources } from '../../stage/stage-resources.ts'
import { userData } from '../../stage/user-data.ts'
import { type AnyOperation, operation, type PlanLine } from '../operation.ts'
import type { Retirement } from '../strategy/retirements.ts'
import type { Work } from '../work.ts'

/** The machine of a release, once it runs, and how long each resource that it stands on took. */
export interface Created {
  readonly instance: Instance
  readonly timings: readonly Timing[]
}

/** The resources of a release that is to be made, and those of its stage. */
interface Wanted {
  readonly stage: StageResources
  readonly stack: Stack
}

function wantedBy(work: Work): Wanted {
  const { config, state, machine, recipes } = work
  const { imageId, types, zone } = machine
  const names = recipes.recipes.map(({ name }) => name)
  const stage = stageResources(config, names)
  const spec = { imageId, types, diskGiB: config.instance.diskGiB, credits: creditsOf(work), userData: userData(config) }
  return { stage, stack: stack(config, state.next, stage.profile, { machine: spec, zone, open: openPorts(config) }) }
}

/** What each type does when its CPU credits are spent, for those that have credits. */
export function creditsOf({ config, machine }: Pick<Work, 'config' | 'machine'>): MachineSpec['credits'] {
  return Object.fromEntries(machine.facts.filter(({ burstable }) => burstable).map(({ name }) => [name, config.instance.credits]))
}

/** Finds or creates one resource with all that it needs, and others beside it. */
async function make<Out>(resource: AnyResource, { clients, state, emit }: Work, signal: AbortSignal, beside: readonly AnyResource[] = []) {
  const context: Context = { clients, inventory: state.inventory, signal, emit }
  const { outputs, timings } = await up([resource, ...beside], context, 'create')
  return { out: outputs.get(resource.name) as Out, timings }
}

const line = (what: string, there: boolean, detail = ''): PlanLine => ({ glyph: there ? ' ' : '+', what, detail })

/** The address of the stage. */
export function elasticIpOperation(work: Work, after: readonly AnyOperation[]) {
  const { elasticIp } = work.state
  return operation({
    phase: 'create',
    title: 'elastic ip',
    lines: [line('elastic ip', elasticIp !== undefined, elasticIp?.address)],
    quiet: true,
    after,
    run: async (_, { signal }) => (await make<ElasticIp>(wantedBy(work).stage.elasticIp, work, signal)).out,
  })
}

/** The image repository of the stage. It is made apart from the stack, so that pushing need not wait for that. */
export function repositoryOperation(work: Work, after: readonly AnyOperation[]) {
  const { repository } = work.state
  return operation({
    phase: 'create',
    title: 'repository',
    lines: [line('repository', repository !== undefined, repository?.name)],
    quiet: true,
    after,
    run: async (_, { signal }) => (await make<Repository>(wantedBy(work).stage.repository, work, signal)).out,
  })
}

/**
 * The network and the machine of the new release, with the role that the machine has. A run that fails removes what is
 * the release's own.
 */
export function stackOperation(work: Work, after: readonly AnyOperation[]) {
  const { config, clients, state, emit } = work
  const { role, profile, next } = state
  const { type, diskGiB, swapMiB } = config.instance
  const swap = swapMiB > 0 ? `, ${swapMiB} MiB of them for swap` : ''
  const what = `${networkParts(existingStack(config, next))}, ${type} with ${diskGiB} GiB${swap}`
  return operation({
    phase: 'create',
    title: 'stack',
    lines: [
      line('role', role !== undefined, role?.name),
      line('instance profile', profile !== undefined, profile?.name),
      line('stack', false, `release ${next}: ${what}`),
    ],
    quiet: true,
    after,
    async run(_, { signal }): Promise<Created> {
      const { instance, network } = wantedBy(work).stack
      const { out, timings } = await make<Instance>(instance, work, signal, network)
      return { instance: out, timings }
    },
    undo: ({ signal }) => retire({ clients, signal, emit }, config, next, 'clear away'),
  })
}

/** Drains the machines of a release that goes, where it has any that run, and removes its stack. */
export function retireOperations(
  work: Work,
  { release, why, interrupts }: Retirement,
  after: readonly AnyOperation[] = [],
): AnyOperation[] {
  const { config, clients, state, emit } = work
  const machines = running(state.instances, release)
  const noticed = interrupts === undefined ? {} : { interrupts }
  const drain = operation({
    phase: 'retire',
    title: `drain of release ${release}`,
    lines: [{ glyph: '~', what: 'drain', detail: `release ${release}: up to ${drainSeconds} s for what is in flight` }],
    quiet: true,
    after,
    ...noticed,
    run: (_, { signal }) => drainMachines({ clients, signal, emit }, machines, release, 'retire'),
  })
  const drained = machines.length > 0 ? [drain] : []
  const removal = operation({
    phase: 'retire',
    title: `stack of release ${release}`,
    lines: [{ glyph: '-', what: 'stack', detail: `release ${release}: ${why}` }],
    quiet: true,
    after: [...after, ...drained],
    ...(drained.length > 0 ? {} : noticed),
    run: (_, { signal }) => removeStack({ clients, signal, emit }, config, release, 'retire'),
  })
  return [...drained, removal]
}
