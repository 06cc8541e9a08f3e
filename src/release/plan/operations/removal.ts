import { down } from '../../../aws/graph/graph.ts'
import { Inventory } from '../../../aws/graph/inventory.ts'
import type { Context } from '../../../aws/graph/resource.ts'
import { parametersBelow } from '../../../aws/parameters.ts'
import { networkKinds, removeTagged } from '../../../aws/resources/removal.ts'
import { until } from '../../../aws/retry.ts'
import { ownerOf, parameterPath, type StageId } from '../../stage/names.ts'
import { networkParts } from '../../stage/network.ts'
import { type OwnedResource, ownedResourcesOf } from '../../stage/owned-resources.ts'
import { removeMachine } from '../../stage/retire.ts'
import { stageResources } from '../../stage/stage-resources.ts'
import type { Lease } from '../../state/lease.ts'
import { leaseName } from '../../state/lease-record.ts'
import type { Resources } from '../../state/stage-state.ts'
import { type AnyOperation, type Operation, operation, type PlanLine } from '../operation.ts'

/** What removing a stage works with. */
export interface RemovalWork extends Pick<Context, 'clients' | 'inventory' | 'emit'> {
  readonly id: StageId
  readonly resources: Resources
}

const line = (what: string, detail: string | undefined): PlanLine => ({
  glyph: detail === undefined ? ' ' : '-',
  what,
  detail: detail ?? 'not there',
})

/** The machine of a release, as it is. */
export function machineRemoval(work: RemovalWork, release: number) {
  const machines = work.resources.instances.filter(({ tags }) => tags['mlops:release'] === String(release))
  const names = machines.map((machine) => machine.id).join(', ')
  return operation({
    phase: 'destroy',
    title: `machine of release ${release}`,
    lines: [line('machine', machines.length > 0 ? `release ${release}: ${names}` : undefined)],
    quiet: true,
    run: (_, { signal }) => removeMachine({ ...work, signal }, release, 'destroy'),
  })
}

/**
 * The stage's network, and what its releases have beside their machines, once all machines are gone: the releases'
 * security groups, and the networks that those of earlier versions had to themselves.
 * @param taken gets what others had made in a network of ours and went with it
 */
export function networkRemoval(work: RemovalWork, machines: readonly Operation[], taken: OwnedResource[]) {
  const { network, releases, withNetworks } = work.resources
  const old = withNetworks.length > 0 ? [line('network', `of release ${withNetworks.join(', ')}`)] : []
  return operation({
    phase: 'destroy',
    title: 'network',
    lines: [
      line('security groups', releases.length > 0 ? `of release ${releases.join(', ')}` : undefined),
      ...old,
      line('network', network && `${network.id}: ${networkParts}`),
    ],
    quiet: true,
    needs: Object.fromEntries(machines.map((machine) => [machine.title, machine])),
    async run(_, { signal }) {
      const alsoRemoved = (kind: string, id: string) => {
        if (!taken.some((each) => each.id === id)) taken.push({ kind, id })
      }
      await removeTagged({ kinds: networkKinds, wanted: () => true }, { ...work, signal, alsoRemoved }, 'destroy')
    },
  })
}

/** The address; it is free as soon as no machine has it, so all of them have to have ended, whatever came of that. */
export function elasticIpRemoval(work: RemovalWork, machines: readonly AnyOperation[]) {
  const { elasticIp } = stageResources(work.id, [])
  return operation({
    phase: 'destroy',
    title: 'elastic ip',
    lines: [line('elastic ip', work.resources.elasticIp?.address)],
    quiet: true,
    after: machines,
    async run(_, { signal }) {
      await down([elasticIp], { ...work, signal }, 'destroy')
    },
  })
}

/** What outlives releases beside the address. */
export function stageRemoval(work: RemovalWork) {
  const { profile, repository } = stageResources(work.id, [])
  const { resources } = work
  return operation({
    phase: 'destroy',
    title: 'stage',
    lines: [
      line('instance profile', resources.profile?.name),
      line('role', resources.role?.name),
      line('repository', resources.repository && `${resources.repository.name}, with its images`),
    ],
    quiet: true,
    async run(_, { signal }) {
      await down([profile, profile.needs.role, repository], { ...work, signal }, 'destroy')
    },
  })
}

/**
 * AWS may show what was deleted for a while; only what is still there after this many seconds is left: few, when it is
 * known already that something is.
 */
const settling = { well: 30, failed: 2 }

/** Looks again, after everything else, at what is left. */
export function lookAgain({ clients, id, emit }: RemovalWork, after: readonly AnyOperation[]) {
  return operation({
    phase: 'receipt',
    title: 'look again',
    lines: [{ glyph: ' ', what: 'look again', detail: 'until nothing is shown any more' }],
    quiet: true,
    after,
    async run(_, { signal, failed }): Promise<OwnedResource[]> {
      let remaining: OwnedResource[] = []
      const look = async () => {
        remaining = await ownedResourcesOf(new Inventory(clients, ownerOf(id)))
        return remaining.length === 0 || undefined
      }
      const waiting = () => emit({ phase: 'receipt', state: 'progress', detail: `${remaining.length} still shown` })
      await until(look, { within: failed() ? settling.failed : settling.well, signal, waiting })
      return remaining
    },
  })
}

/**
 * The parameters of the stage, which go in the same call as its lease, so that nothing is forgotten before all else is
 * gone.
 */
export function parameterRemoval(lease: Lease, names: readonly string[], after: readonly AnyOperation[]) {
  return operation({
    phase: 'receipt',
    title: 'parameters',
    lines: [line('parameters', names.length > 0 ? `${names.length}, with the lock: ledger, secrets` : undefined)],
    quiet: true,
    after,
    run: async () => lease.takeAlong(names),
  })
}

/** The stage's parameters but its lease, which goes last. */
export async function ownParameters({ clients, id }: Pick<RemovalWork, 'clients' | 'id'>): Promise<string[]> {
  const names = (await parametersBelow(clients, parameterPath(id))).map(({ name }) => name)
  return names.filter((name) => name !== leaseName(id))
}
