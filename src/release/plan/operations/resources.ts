import { up } from '../../../aws/graph/graph.ts'
import type { AnyResource, Context } from '../../../aws/graph/resource.ts'
import type { Timing } from '../../../aws/graph/walk.ts'
import type { ElasticIp } from '../../../aws/resources/elastic-ip.ts'
import { existingNetwork } from '../../../aws/resources/existing-network.ts'
import type { Instance, MachineSpec } from '../../../aws/resources/instance.ts'
import { networkKinds, removeTagged } from '../../../aws/resources/removal.ts'
import type { Repository } from '../../../aws/resources/repository.ts'
import { type ZoneChoice, zoneChoice } from '../../../aws/resources/zones.ts'
import { isOfStage, networkParts, stageNetwork } from '../../stage/network.ts'
import { openPorts } from '../../stage/ports.ts'
import { drainMachines, drainSeconds, removeStack, retire, running } from '../../stage/retire.ts'
import { type Stack, stack } from '../../stage/stack.ts'
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

function wantedBy(work: Work, choice?: ZoneChoice): Wanted {
  const { config, clients, state, machine, network, recipes } = work
  const { imageId, types, zones } = machine
  const names = recipes.recipes.map(({ name }) => name)
  const stage = stageResources(config, names)
  const blueprint = {
    machine: {
      imageId,
      types,
      zones,
      diskGiB: config.instance.diskGiB,
      credits: creditsOf(work),
      protected: config.protect,
      userData: userData(config),
    },
    open: openPorts(config),
    network: network ? existingNetwork(network) : stageNetwork(config, choice ?? zoneChoice(clients, zones)),
    profile: stage.profile,
  }
  return { stage, stack: stack(config, state.next, blueprint) }
}

/** What each type does when its CPU credits are spent, for those that have credits. */
export function creditsOf({ config, machine }: Pick<Work, 'config' | 'machine'>): MachineSpec['credits'] {
  return Object.fromEntries(machine.facts.filter(({ burstable }) => burstable).map(({ name }) => [name, config.instance.credits]))
}

/** Finds or creates one resource with all that it needs. */
async function make<Out>(resource: AnyResource, { clients, state, emit }: Work, signal: AbortSignal) {
  const context: Context = { clients, inventory: state.inventory, signal, emit }
  const { outputs, timings } = await up([resource], context, 'create')
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
 * The network of the stage, made or brought back to what it should be, and in it the machine of the new release, with
 * the role that the machine has. A run that fails removes what is the release's own.
 */
export function stackOperation(work: Work, after: readonly AnyOperation[]) {
  const { config, clients, state, machine, network, emit } = work
  const { role, profile, next } = state
  const { type, diskGiB, swapMiB } = config.instance
  const swap = swapMiB > 0 ? `, ${swapMiB} MiB of them for swap` : ''
  return operation({
    phase: 'create',
    title: 'stack',
    lines: [
      line('role', role !== undefined, role?.name),
      line('instance profile', profile !== undefined, profile?.name),
      networkLine(
        work,
        after.some(({ title }) => title === networkTitle),
      ),
      line('stack', false, `release ${next}: security group, ${type} with ${diskGiB} GiB${swap}`),
    ],
    quiet: true,
    after,
    async run(_, { signal }): Promise<Created> {
      const zones = zoneChoice(clients, machine.zones)
      // Asked beside the making of the VPC: subnets would wait for it otherwise. Who needs it hears of its failure.
      if (!network && !state.network) zones().catch(() => undefined)
      const { instance } = wantedBy(work, zones).stack
      const { out, timings } = await make<Instance>(instance, work, signal)
      return { instance: out, timings }
    },
    undo: ({ signal }) => retire({ clients, signal, emit }, config, next, 'clear away'),
  })
}

/** @param anew whether the one that is there is removed before */
function networkLine({ network, state }: Work, anew: boolean): PlanLine {
  if (network) {
    const zones = network.subnets.map(({ id, zone }) => `${id} in ${zone}`)
    return line('network', true, `${network.vpcId} with ${zones.join(', ')}: not ours, used as it is`)
  }
  if (state.network && !anew) return line('network', true, `${state.network.id} kept`)
  return line('network', false, networkParts)
}

const networkTitle = 'network of the stage'

/**
 * Removes the stage's own network, in which no release may stand any more.
 * @param why it goes
 */
export function networkRemovalOperation({ clients, state, emit }: Work, why: string, after: readonly AnyOperation[]) {
  return operation({
    phase: 'retire',
    title: networkTitle,
    lines: [{ glyph: '-', what: 'network', detail: `${state.network!.id}: ${why}` }],
    quiet: true,
    after,
    async run(_, { signal }) {
      const context = { clients, inventory: state.inventory, signal, emit }
      await removeTagged({ kinds: networkKinds, wanted: isOfStage }, context, 'retire')
      // What is made afterwards must not be looked for where it was.
      state.inventory.forget()
    },
  })
}

/** Drains the machines of a release that goes, where it has any that run, and removes its stack. */
export function retireOperations(
  work: Work,
  { release, why, interrupts, cutOff = false }: Retirement,
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
  const drained = machines.length > 0 && !cutOff ? [drain] : []
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
