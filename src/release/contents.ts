import { elasticIps } from '../aws/elastic-ip.ts'
import { instances } from '../aws/instance.ts'
import { instanceProfiles } from '../aws/instance-profile.ts'
import { internetGateways } from '../aws/internet-gateway.ts'
import type { Inventory, Kind } from '../aws/inventory.ts'
import { repositories } from '../aws/repository.ts'
import { roles } from '../aws/role.ts'
import { routeTables } from '../aws/route-table.ts'
import { securityGroups } from '../aws/security-group.ts'
import { subnets } from '../aws/subnet.ts'
import { vpcs } from '../aws/vpc.ts'
import { releaseOf } from './names.ts'

/** Something a stage has in AWS. */
export interface Possession {
  readonly kind: string
  readonly id: string
  /** The release it belongs to; absent where it outlives releases. */
  readonly release?: number
}

/** Every kind that a stage may have. */
const kinds: readonly Kind<unknown>[] = [
  ...[vpcs, subnets, internetGateways, routeTables, securityGroups, instances],
  ...[elasticIps, instanceProfiles, roles, repositories],
]

/** Everything an owner has, as a flat list. Kinds that were listed before are not listed again. */
export async function contentsOf(inventory: Inventory): Promise<Possession[]> {
  const found = await Promise.all(
    kinds.map(async (kind) =>
      (await inventory.all(kind)).map(({ id, tags }): Possession => {
        const release = releaseOf(tags)
        return { kind: kind.name, id, ...(release === undefined ? {} : { release }) }
      }),
    ),
  )
  return found.flat()
}
