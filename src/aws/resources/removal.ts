import type { Phase } from '../../report/event.ts'
import { down } from '../graph/graph.ts'
import type { Listed } from '../graph/inventory.ts'
import type { RemovableKind } from '../graph/removable-kind.ts'
import { type AnyResource, type Context, type Needs, resource } from '../graph/resource.ts'
import type { Tags } from '../tags.ts'
import { instances } from './instance.ts'
import { internetGateways } from './internet-gateway.ts'
import { routeTables } from './route-table.ts'
import { securityGroups } from './security-group.ts'
import { subnets } from './subnet.ts'
import { vpcs } from './vpc.ts'

// biome-ignore lint/suspicious/noExplicitAny: kinds of every shape; each keeps its own types
type AnyKind = RemovableKind<any>

/**
 * What stands in networks and is removed by its tags alone, each kind with those it uses, which can go only after it. A
 * subnet takes its association along, so its route table goes after it.
 */
const uses: readonly (readonly [kind: AnyKind, used: readonly AnyKind[]])[] = [
  [vpcs, []],
  [routeTables, [vpcs]],
  [subnets, [routeTables, vpcs]],
  [internetGateways, [vpcs]],
  [securityGroups, [vpcs]],
  [instances, [securityGroups, subnets, internetGateways]],
]

/** What is removed: everything of these kinds whose tags are wanted. */
export interface Removed {
  readonly kinds?: readonly AnyKind[]
  wanted(tags: Tags): boolean
}

/** All kinds that stand in networks, without the machines. */
export const networkKinds: readonly AnyKind[] = uses.map(([kind]) => kind).filter((kind) => kind !== instances)

/**
 * Removes whatever the owner has with these tags, of any kind that stands in a network: users before what they use.
 * What made it need not be known, so what an earlier version has made goes as well.
 */
export async function removeTagged({ kinds = uses.map(([kind]) => kind), wanted }: Removed, context: Context, phase: Phase): Promise<void> {
  const listed = await Promise.all(
    kinds.map(async (kind) => [kind, (await context.inventory.all(kind)).filter(({ tags }) => wanted(tags))] as const),
  )
  const found = new Map<AnyKind, readonly Listed<unknown>[]>(listed)
  const standing = new Map<AnyKind, readonly AnyResource[]>()
  for (const [kind, used] of uses) {
    const all = found.get(kind) ?? []
    const below = used.flatMap((each) => standing.get(each) ?? [])
    const name = (id: string) => (all.length > 1 ? `${kind.name} ${id}` : kind.name)
    standing.set(
      kind,
      all.map(({ id, out }) => standingOf(kind, name(id), out, below)),
    )
  }
  await down([...standing.values()].flat(), context, phase)
}

function standingOf(kind: AnyKind, name: string, out: unknown, below: readonly AnyResource[]): AnyResource {
  const { remove, label, clear, blockers } = kind
  const needs: Needs = Object.fromEntries(below.map((each) => [each.name, each]))
  const create = () => Promise.reject(new Error(`${name} is only to be removed`))
  return resource({ name, needs, find: async () => out, create, remove, label, ...(clear && { clear }), ...(blockers && { blockers }) })
}
