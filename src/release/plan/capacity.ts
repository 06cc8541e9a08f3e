import type { Clients } from '../../aws/clients.ts'
import type { Inventory, Kind } from '../../aws/graph/inventory.ts'
import { addressQuota, type Quota, readQuota, standardVcpuQuota, vpcQuota } from '../../aws/quota.ts'
import { elasticIps } from '../../aws/resources/elastic-ip.ts'
import type { ExistingNetwork } from '../../aws/resources/existing-network.ts'
import type { MachineType } from '../../aws/resources/machine-type.ts'
import { isStandard, standardVcpus } from '../../aws/resources/vcpus.ts'
import { vpcs } from '../../aws/resources/vpc.ts'
import { exit, Failure } from '../../report/failure.ts'
import { releaseOf } from '../stage/names.ts'
import type { StageState } from '../state/stage-state.ts'

/** What a region holds of something that AWS limits, whosever it is. */
export interface Usage {
  /** The releases of this stage that hold some of it, each with how much. */
  readonly releases: ReadonlyMap<number, number>
  readonly used: number
  /** How much there may be; Infinity where nobody can tell, and AWS itself refuses. */
  readonly quota: number
}

/** The same of what has ids: each counts as one. */
export interface Held extends Usage {
  readonly ids: readonly string[]
}

/** What a new release, or the first of a stage, needs more of. */
export interface Capacity {
  readonly region: string
  /** A command of AWS's command line for this region's AWS. */
  command(words: string): string
  readonly vpcs: Held
  readonly addresses: Held
  readonly vCpus: Usage & { readonly needed: number }
}

/**
 * How much capacity a region has for a new release. Quotas are asked for only where one more would not fit into what
 * every account has from the start.
 * @param type the instance type that is asked for first
 */
export async function capacityFor(clients: Clients, type: string, state: StageState, machine: MachineType): Promise<Capacity> {
  const [heldVpcs, heldAddresses, vCpus] = await Promise.all([
    held(clients, state.inventory, vpcs, vpcQuota),
    held(clients, state.inventory, elasticIps, addressQuota),
    vCpuUsage(clients, type, state, machine),
  ])
  return { region: clients.access.region, command: (words) => clients.command(words), vpcs: heldVpcs, addresses: heldAddresses, vCpus }
}

async function held(clients: Clients, inventory: Inventory, kind: Kind<unknown>, quota: Quota): Promise<Held> {
  const [everything, own] = await Promise.all([inventory.everything(kind), inventory.all(kind)])
  const ids = everything.map(({ id }) => id)
  const used = ids.length
  const releases = own.map(({ tags }) => releaseOf(tags)).filter((release) => release !== undefined)
  return {
    ids,
    used,
    releases: new Map(releases.map((release) => [release, 1])),
    quota: used < quota.default ? quota.default : await appliedQuota(clients, quota),
  }
}

async function appliedQuota(clients: Clients, quota: Quota): Promise<number> {
  return (await readQuota(clients, quota)) ?? Number.POSITIVE_INFINITY
}

/**
 * The machines of the stage come with the look; those of others are counted only where the stage's own and one more do
 * not fit into what every account has: there may be thousands.
 */
async function vCpuUsage(clients: Clients, type: string, { instances }: StageState, machine: MachineType): Promise<Capacity['vCpus']> {
  const needed = isStandard(type) ? machine.vCpus[type]! : 0
  const running = instances.filter(({ out }) => ['pending', 'running'].includes(out.state) && isStandard(out.type))
  const releases = new Map<number, number>()
  for (const { tags, out } of running) {
    const release = releaseOf(tags)
    // A type that the config does not name any more may be of any size.
    const size = machine.vCpus[out.type] ?? Number.NaN
    if (release !== undefined) releases.set(release, (releases.get(release) ?? 0) + size)
  }
  const used = [...releases.values()].reduce((sum, each) => sum + each, 0)
  if (needed === 0 || used + needed <= standardVcpuQuota.default) return { releases, used, needed, quota: standardVcpuQuota.default }
  const [quota, all] = await Promise.all([appliedQuota(clients, standardVcpuQuota), standardVcpus(clients)])
  return { releases, used: all, needed, quota }
}

interface CapacityNeeds {
  readonly capacity: Capacity
  readonly state: Pick<StageState, 'elasticIp' | 'network' | 'serving'>
  /** The network that the config names. */
  readonly network: ExistingNetwork | undefined
}

/**
 * Which releases have to go before anything is made: the one that serves, where the strategy says so, and the leftovers
 * where there is no room beside them.
 * @param first the releases that go first in any case
 * @throws Failure when there is no room even then
 */
export function removedFirst(
  { capacity, state, network }: CapacityNeeds,
  first: readonly number[],
  leftovers: readonly number[],
): number[] {
  const { addresses, vpcs, vCpus } = capacity
  if (!state.elasticIp && !fits(addresses, 1, []))
    throw full(
      capacity,
      `another Elastic IP: ${addresses.used} of ${addresses.quota} are there`,
      addresses.ids.join(', '),
      'The address that stays the same over all releases is one of them.',
      [addressQuota, addresses.quota + 5],
    )
  const newVpcs = state.network || network ? 0 : 1
  const roomy = (going: readonly number[]) => fits(vpcs, newVpcs, going) && fits(vCpus, vCpus.needed, going)
  const most = [...new Set([...first, ...leftovers])]
  const choice = [[...first], most].find(roomy)
  if (choice) return choice
  const { serving } = state
  const recreate = serving && !first.includes(serving.madeBy) ? 'npx zx scripts/deploy.mjs --strategy recreate' : undefined
  if (!fits(vpcs, newVpcs, most))
    throw full(
      capacity,
      `another VPC: ${vpcs.used} of ${vpcs.quota} are there`,
      vpcs.ids.join(', '),
      'A stage has a VPC of its own, which is made by its first deploy. The config can name one that exists: network.',
      [vpcQuota, vpcs.quota + 5],
      recreate,
    )
  throw full(
    capacity,
    `${vCpus.needed} more vCPUs: ${vCpus.used} of ${vCpus.quota} are in use`,
    'Running On-Demand Standard instances',
    'A release comes up on a machine of its own, beside the one that serves.',
    [standardVcpuQuota, vCpus.used + vCpus.needed],
    recreate,
  )
}

/** Whether so much more fits once these releases are gone. */
function fits({ used, quota, releases }: Usage, more: number, going: readonly number[]): boolean {
  // What nobody needs cannot be too much.
  if (more === 0) return true
  const freed = going.reduce((sum, release) => sum + (releases.get(release) ?? 0), 0)
  // Of a release whose size nobody knows, nothing is counted as freed.
  return used - (Number.isNaN(freed) ? 0 : freed) + more <= quota
}

function full(
  { region, command }: Capacity,
  what: string,
  on: string,
  likely: string,
  [{ service, code }, wanted]: readonly [Quota, number],
  otherwise?: string,
): Failure {
  const more = command(
    `service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${wanted}`,
  )
  return new Failure(`${region} has no room for ${what}`, {
    on,
    likely,
    next: [...(otherwise ? [otherwise] : []), more].join('\n'),
    code: exit.failed,
  })
}
