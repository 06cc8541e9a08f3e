import type { Clients } from '../aws/clients.ts'
import { type ElasticIp, elasticIps } from '../aws/elastic-ip.ts'
import { type Instance, instances } from '../aws/instance.ts'
import { type InstanceProfile, instanceProfiles } from '../aws/instance-profile.ts'
import { internetGateways } from '../aws/internet-gateway.ts'
import { Inventory, type Kind, type Listed } from '../aws/inventory.ts'
import { type Repository, repositories } from '../aws/repository.ts'
import { type Role, roles } from '../aws/role.ts'
import { routeTables } from '../aws/route-table.ts'
import { securityGroups } from '../aws/security-group.ts'
import { subnets } from '../aws/subnet.ts'
import { vpcs } from '../aws/vpc.ts'
import { type LedgerEntry, readLedger } from './ledger.ts'
import { ownerOf, releaseOf, type StageId } from './names.ts'

/** The kinds a stack consists of. */
const stackKinds: readonly Kind<unknown>[] = [vpcs, subnets, internetGateways, routeTables, securityGroups, instances]

/** What a stage has in AWS at this moment. */
export interface Situation {
  readonly id: StageId
  readonly inventory: Inventory
  /** By release, oldest first: the resources that carry its number. */
  readonly stacks: ReadonlyMap<number, readonly (Listed<unknown> & { kind: string })[]>
  /** What the address leads to; undefined when it leads nowhere. */
  readonly serving: { readonly release: number; readonly instance: Instance } | undefined
  readonly elasticIp: ElasticIp | undefined
  readonly role: Role | undefined
  readonly profile: InstanceProfile | undefined
  readonly repositories: readonly Repository[]
  /** What the ledger says of the release that the address was led to last. */
  readonly current: LedgerEntry | undefined
  /** The number the next release gets. */
  readonly next: number
}

/** Looks at everything a stage has, in one round of calls that do not wait for each other. Throws when a call fails: not found and could not look are different. */
export async function lookAt(clients: Clients, id: StageId): Promise<Situation> {
  const inventory = new Inventory(clients, ownerOf(id))
  const [listings, elasticIp, allRoles, allProfiles, allRepositories, ledger] = await Promise.all([
    Promise.all(stackKinds.map(async (kind) => (await inventory.all(kind)).map((listed) => ({ ...listed, kind: kind.name })))),
    inventory.one(elasticIps, ownerOf(id).tags),
    inventory.all(roles),
    inventory.all(instanceProfiles),
    inventory.all(repositories),
    readLedger(clients, id),
  ])
  const stacks = new Map<number, (Listed<unknown> & { kind: string })[]>()
  for (const listed of listings.flat()) {
    const release = releaseOf(listed.tags)
    if (release !== undefined) stacks.set(release, [...(stacks.get(release) ?? []), listed])
  }
  const target = (await inventory.all(instances)).find((listed) => listed.id === elasticIp?.instanceId)
  const servingRelease = target && releaseOf(target.tags)
  return {
    id,
    inventory,
    stacks: new Map([...stacks].sort(([a], [b]) => a - b)),
    serving: target && servingRelease !== undefined ? { release: servingRelease, instance: target.out } : undefined,
    elasticIp,
    role: allRoles[0]?.out,
    profile: allProfiles[0]?.out,
    repositories: allRepositories.map((listed) => listed.out),
    current: ledger.current,
    next: Math.max(0, ledger.last?.release ?? 0, ...stacks.keys()) + 1,
  }
}

/** The release that serves users: the address leads to it, and something was launched on it. */
export function servingRelease({ serving, current }: Situation): number | undefined {
  return serving && current?.release === serving.release && current.outcome === 'provisioned' ? undefined : serving?.release
}
