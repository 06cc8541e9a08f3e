import type { Clients } from '../../aws/clients.ts'
import type { Inventory, Kind } from '../../aws/graph/inventory.ts'
import { addressQuota, type Quota, readQuota, vpcQuota } from '../../aws/quota.ts'
import { elasticIps } from '../../aws/resources/elastic-ip.ts'
import { vpcs } from '../../aws/resources/vpc.ts'
import { exit, Failure } from '../../report/failure.ts'
import { releaseOf } from '../stage/names.ts'
import type { StageState } from '../state/stage-state.ts'

/** What a region holds of something that AWS limits, whosever it is. */
export interface Usage {
  readonly ids: readonly string[]
  /** The releases of this stage that hold one of them. */
  readonly releases: readonly number[]
  /** How many there may be; Infinity where nobody can emit, and AWS itself refuses. */
  readonly quota: number
}

/** What a new release needs one more of. */
export interface Capacity {
  readonly region: string
  /** A command of AWS's command line for this region's AWS. */
  command(words: string): string
  readonly vpcs: Usage
  readonly addresses: Usage
}

/**
 * How much capacity a region has for a new release. Quotas are asked for only where one more would not fit into what
 * every account has from the start.
 */
export async function capacityFor(clients: Clients, { inventory }: StageState): Promise<Capacity> {
  const [heldVpcs, heldAddresses] = await Promise.all([
    usageOf(clients, inventory, vpcs, vpcQuota),
    usageOf(clients, inventory, elasticIps, addressQuota),
  ])
  return { region: clients.access.region, command: (words) => clients.command(words), vpcs: heldVpcs, addresses: heldAddresses }
}

async function usageOf(clients: Clients, inventory: Inventory, kind: Kind<unknown>, quota: Quota): Promise<Usage> {
  const [everything, own] = await Promise.all([inventory.everything(kind), inventory.all(kind)])
  const ids = everything.map(({ id }) => id)
  const releases = own.map(({ tags }) => releaseOf(tags)).filter((release) => release !== undefined)
  return {
    ids,
    releases,
    quota: ids.length < quota.default ? quota.default : ((await readQuota(clients, quota)) ?? Number.POSITIVE_INFINITY),
  }
}

/**
 * Which releases have to go before anything is made: the one that serves, where the strategy says so, and the leftovers
 * where there is no room beside them.
 * @param first the releases that go first in any case
 * @throws Failure when there is no room even then
 */
export function removedFirst(
  capacity: Capacity,
  { elasticIp, serving }: StageState,
  first: readonly number[],
  leftovers: readonly number[],
): number[] {
  if (!elasticIp && capacity.addresses.ids.length >= capacity.addresses.quota)
    throw full(
      capacity,
      capacity.addresses,
      addressQuota,
      'Elastic IP',
      'The address that stays the same over all releases is one of them.',
    )
  const fits = (going: readonly number[]) =>
    capacity.vpcs.ids.length - capacity.vpcs.releases.filter((release) => going.includes(release)).length < capacity.vpcs.quota
  const choice = [[...first], [...first, ...leftovers]].find(fits)
  if (choice) return choice
  const recreate = serving && !first.includes(serving.madeBy) ? 'npx zx scripts/deploy.mjs --strategy recreate' : undefined
  throw full(capacity, capacity.vpcs, vpcQuota, 'VPC', 'A release comes up in a VPC of its own, beside the one that serves.', recreate)
}

function full(
  { region, command }: Capacity,
  { ids, quota }: Usage,
  { service, code }: Quota,
  what: string,
  why: string,
  otherwise?: string,
): Failure {
  const more = command(
    `service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${quota + 5}`,
  )
  return new Failure(`${region} has no room for another ${what}: ${ids.length} of ${quota} are there`, {
    on: ids.join(', '),
    likely: why,
    next: [...(otherwise ? [otherwise] : []), more].join('\n'),
    code: exit.failed,
  })
}
