import type { Config } from '../../../config/config.ts'
import type { Clients } from '../../aws/clients.ts'
import { Inventory, type Listed } from '../../aws/graph/inventory.ts'
import { type ElasticIp, elasticIps } from '../../aws/resources/elastic-ip.ts'
import { type Instance, instances } from '../../aws/resources/instance.ts'
import { type InstanceProfile, instanceProfiles } from '../../aws/resources/instance-profile.ts'
import { internetGateways } from '../../aws/resources/internet-gateway.ts'
import { type Repository, repositories } from '../../aws/resources/repository.ts'
import { type Role, roles } from '../../aws/resources/role.ts'
import { securityGroups } from '../../aws/resources/security-group.ts'
import { type Vpc, vpcs } from '../../aws/resources/vpc.ts'
import { ownerOf, releaseOf, type StageId } from '../stage/names.ts'
import { currentOf, history, isOn, type LedgerEntry, readLedger, runningOn, settle } from './ledger.ts'

/** What a stage has in AWS, as far as its network has not to be looked into. */
export interface Resources {
  readonly id: StageId
  readonly inventory: Inventory
  /** The releases that have a stack, or parts of one, the oldest first. */
  readonly releases: readonly number[]
  readonly instances: readonly Listed<Instance>[]
  /** The stage's own network. */
  readonly network: Vpc | undefined
  /** The releases that have a network to themselves, as those of earlier versions had. */
  readonly withNetworks: readonly number[]
  readonly elasticIp: ElasticIp | undefined
  readonly role: Role | undefined
  readonly profile: InstanceProfile | undefined
  readonly repository: Repository | undefined
}

/** The machine that the address leads to. */
export interface Serving {
  /** The release that runs on it, as the ledger says: what users get. */
  readonly runs: number
  /** The release that made it, as its tag says: whose stack it is, which stays and goes as a whole. */
  readonly madeBy: number
  readonly instance: Instance
}

/** How a stage is at this moment. */
export interface StageState extends Resources {
  /** What the address leads to; undefined when it leads nowhere. */
  readonly serving: Serving | undefined
  /** What the ledger says of the release that the address was led to last. */
  readonly current: LedgerEntry | undefined
  /** The newest entry of the ledger, whatever came of it. */
  readonly last: LedgerEntry | undefined
  /** The number the next release gets. */
  readonly next: number
}

/**
 * Looks at everything a stage has, in calls that hardly wait for each other. Throws when a call fails: not found and
 * could not look are different.
 * @param strays whether it may have something in a network of somebody else
 */
export async function resourcesOf(clients: Clients, id: StageId, strays = true): Promise<Resources> {
  const inventory = new Inventory(clients, ownerOf(id), strays)
  // Of a stack, a group may be there without an instance; what else a release of an earlier version has stands in a VPC
  // that shows it, but for a gateway.
  const [allVpcs, gateways, allInstances, groups, elasticIp, allRoles, allProfiles, allRepositories] = await Promise.all([
    inventory.all(vpcs),
    inventory.all(internetGateways),
    inventory.all(instances),
    inventory.all(securityGroups),
    inventory.one(elasticIps, ownerOf(id).tags),
    inventory.all(roles),
    inventory.all(instanceProfiles),
    inventory.all(repositories),
  ])
  const taggedWith = (listed: readonly Listed<unknown>[]) =>
    listed.map(({ tags }) => releaseOf(tags)).filter((release) => release !== undefined)
  const releases = taggedWith([...allVpcs, ...gateways, ...allInstances, ...groups])
  return {
    id,
    inventory,
    releases: [...new Set(releases)].sort((a, b) => a - b),
    instances: allInstances,
    network: allVpcs.find(({ tags }) => releaseOf(tags) === undefined)?.out,
    withNetworks: taggedWith(allVpcs),
    elasticIp,
    role: allRoles[0]?.out,
    profile: allProfiles[0]?.out,
    repository: allRepositories[0]?.out,
  }
}

/**
 * The same with what serves, and what the ledger says of it.
 * @param id of a config, which may name a network of somebody else
 */
export async function lookAt(clients: Clients, id: StageId & Partial<Pick<Config, 'network'>>): Promise<StageState> {
  const [resources, ledger] = await Promise.all([resourcesOf(clients, id, id.network !== undefined), readLedger(clients, id)])
  const { instances, elasticIp, releases } = resources
  const machine = instances.find((listed) => listed.id === elasticIp?.instanceId)
  const madeBy = machine && releaseOf(machine.tags)
  const target = machine && madeBy !== undefined ? { madeBy, instance: machine.out } : undefined
  // Where somebody has led the address to another machine than the last run did, what runs there is told further back.
  const known = !target || !ledger.last || ledger.entries.some((entry) => isOn(entry, target))
  const entries = known ? ledger.entries : await history(clients, id)
  return {
    ...resources,
    serving: target && { ...target, runs: runningOn(entries, target) },
    current: currentOf(entries, target),
    last: ledger.last,
    next: Math.max(0, ledger.last?.release ?? 0, ...releases) + 1,
  }
}

/** The release that serves users: the address leads to it, and something was launched on it. */
export function servingRelease({ serving, current }: StageState): number | undefined {
  return serving && current?.release === serving.runs && current.outcome === 'provisioned' ? undefined : serving?.runs
}

/**
 * Every release that the ledger still knows, the newest first; of one whose run was killed while the address moved,
 * where the address leads tells how it ended.
 */
export async function releasesOf(clients: Clients, id: StageId): Promise<LedgerEntry[]> {
  const entries = await history(clients, id)
  // The look takes three clients more, whose loading is most of what such a script costs.
  if (!entries.some(({ outcome }) => outcome === 'promoting')) return entries
  return settle(entries, (await lookAt(clients, id)).serving)
}
