import type { Inventory, Kind } from '../../aws/graph/inventory.ts'
import { elasticIps } from '../../aws/resources/elastic-ip.ts'
import { instances } from '../../aws/resources/instance.ts'
import { instanceProfiles } from '../../aws/resources/instance-profile.ts'
import { internetGateways } from '../../aws/resources/internet-gateway.ts'
import { repositories } from '../../aws/resources/repository.ts'
import { roles } from '../../aws/resources/role.ts'
import { routeTables } from '../../aws/resources/route-table.ts'
import { securityGroups } from '../../aws/resources/security-group.ts'
import { subnets } from '../../aws/resources/subnet.ts'
import { vpcs } from '../../aws/resources/vpc.ts'
import { releaseOf } from './names.ts'

/** Something a stage has in AWS. */
export interface OwnedResource {
  readonly kind: string
  readonly id: string
  /** The release it belongs to; absent where it outlives releases. */
  readonly release?: number
}

/** Every kind that a stage may have, also from earlier versions. */
const kinds: readonly Kind<unknown>[] = [
  vpcs,
  subnets,
  internetGateways,
  routeTables,
  securityGroups,
  instances,
  elasticIps,
  instanceProfiles,
  roles,
  repositories,
]

/** Everything an owner has, as a flat list. Kinds that were listed before are not listed again. */
export async function ownedResourcesOf(inventory: Inventory): Promise<OwnedResource[]> {
  const found = await Promise.all(
    kinds.map(async (kind) =>
      (await inventory.all(kind)).map(({ id, tags }): OwnedResource => {
        const release = releaseOf(tags)
        return { kind: kind.name, id, ...(release === undefined ? {} : { release }) }
      }),
    ),
  )
  return found.flat()
}
