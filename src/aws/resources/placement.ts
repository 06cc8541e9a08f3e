import { Failure } from '../../report/failure.ts'
import { codeOf } from '../errors.ts'
import type { Zone } from './machine-type.ts'
import type { PublicSubnets } from './public-subnets.ts'

/** What a machine may be, and which zones offer that. */
interface Wanted {
  readonly types: readonly string[]
  readonly zones: readonly Zone[]
}

/** Where a machine may be asked for: each type in every zone that offers it, before the next type. */
export function placesFor({ types, zones }: Wanted, { subnets }: PublicSubnets) {
  const offers = (zone: string, type: string) => zones.some(({ name, types }) => name === zone && types.includes(type))
  return types.flatMap((type) => subnets.filter(({ zone }) => offers(zone, type)).map((subnet) => ({ type, subnet })))
}

/** Why there is no place to ask in. */
export function notOffered({ types, zones }: Wanted, { subnets }: PublicSubnets): Failure {
  const elsewhere = zones.filter((zone) => zone.types.length > 0).map(({ name }) => name)
  return new Failure(`No zone of the network offers ${types.join(' or ')}`, {
    on: subnets.map(({ id, zone }) => `subnet ${id} in ${zone}`).join(', '),
    likely: `${elsewhere.join(', ')} do, and a network stays in the zones in which it was made.`,
    next: 'Choose another instance.type, or make the network anew: npx zx scripts/deploy.mjs --strategy recreate',
  })
}

/** No machine of this type is free in this zone now; another type may be. */
export function hasNoCapacity(error: unknown): boolean {
  return /^(InsufficientInstanceCapacity|InsufficientHostCapacity|Unsupported)$/.test(codeOf(error))
}
