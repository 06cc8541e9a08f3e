import { randomInt } from 'node:crypto'
import { ApiError, type Cloud, type Store } from '../../cloud.ts'
import { appliedValue, quotas } from '../../quotas/quota.ts'
import { claimsAddresses, isClaimed } from './claim.ts'

/** Addresses 127.128.0.1 … 127.191.254.254; a second instance with the number of a long gone one is no harm. */
const places = 64 * 254 * 254

/**
 * With a real engine an instance has a network of four addresses (see `dockerd/link.ts`) in 10.192.0.0/10, which holds
 * as many of them.
 */
const networks = 2 ** 20

/**
 * The addresses of a new instance. They are not in its subnet's block: nothing but the loopback (127.0.0.0/8) exists on
 * this machine without the rights of an administrator, so the embedded cloud's private network is 127.128.0.0/10 and
 * its public one 127.64.0.0/10, whatever the VPC says. Every cloud begins at a place of its own, because all the clouds
 * of a machine share its loopback. With a real container engine, which only an administrator can start, the instance
 * has a network of its own, with a private address in it. Where the loopback has one address, that one has to do for
 * everything, and instances have no public address of their own.
 */
export function nextAddresses({ store, oneAddress, engine }: Cloud): { Private: string; Public: string | undefined } {
  if (oneAddress) return { Private: '127.0.0.1', Public: undefined }
  const own = engine === 'docker' ? thirdOfNetwork : (number: number) => address(128, number)
  const next = nextPlace(store, own)
  return { Private: own(next), Public: address(64, next) }
}

/**
 * Further private addresses of a new instance, on the loopback with either engine: nothing listens on them but the
 * forwarder, which leads them to the same programs.
 */
export function secondaryAddresses({ store }: Cloud, count: number): string[] {
  const own = (number: number) => address(128, number)
  return Array.from({ length: count }, () => own(nextPlace(store, own)))
}

/** A number that nobody has had, as far as it gives a private address. */
function nextPlace(store: Store, own: (number: number) => string): number {
  const instances = store.everywhere.list('instance')
  const used = new Set(
    instances.flatMap(({ PrivateIpAddress, SecondaryPrivateIpAddresses = [] }) => [PrivateIpAddress, ...SecondaryPrivateIpAddresses]),
  )
  let { next } = store.get('sequence', 'place') ?? { next: randomInt(places) }
  while (used.has(own(next))) next++
  store.put('sequence', 'place', { next: next + 1 })
  return next
}

/** The third address of network number `number`. */
function thirdOfNetwork(number: number): string {
  const start = (number % networks) * 4
  return `10.${192 + (start >> 16)}.${(start >> 8) & 255}.${(start & 255) + 2}`
}

/** Address number `number` of the network that begins at 127.`first`.0.0. */
function address(first: number, number: number): string {
  const place = number % places
  return `127.${first + Math.floor(place / (254 * 254))}.${Math.floor(place / 254) % 254}.${1 + (place % 254)}`
}

/**
 * The address of a new Elastic IP: 127.0.0.1 first, since that is where people look, else the next that no cloud of
 * this computer has claimed.
 * @param others addresses that are out of the question
 * @throws ApiError AddressLimitExceeded at the quota, or where the loopback has no further address
 */
export function nextElasticIp({ store, oneAddress }: Cloud, others: ReadonlySet<string> = new Set()): string {
  const used = new Set(store.everywhere.list('address').map(({ PublicIp }) => PublicIp))
  if (store.list('address').length + 1 > appliedValue(store, quotas.addresses))
    throw new ApiError('AddressLimitExceeded', 'The maximum number of addresses has been reached.')
  if (oneAddress && used.size + others.size > 0) {
    const whose = used.size > 0 ? 'it is taken' : 'a stage of another project has it'
    const message = `The maximum number of addresses has been reached: the loopback of this machine has 127.0.0.1 only, and ${whose}.`
    throw new ApiError('AddressLimitExceeded', message)
  }
  let next = 0
  while (used.has(address(0, next)) || others.has(address(0, next))) next++
  return address(0, next)
}

/**
 * So many stages of others are looked past; where they all seem to be taken, the port of the claims is held by
 * something else.
 */
const mostOthers = 100

/**
 * The address that the next Elastic IP gets, as far as the other clouds of this computer are concerned.
 * @throws ApiError AddressLimitExceeded as `nextElasticIp` does
 */
export async function unclaimedElasticIp(cloud: Cloud): Promise<string> {
  const others = new Set<string>()
  const first = nextElasticIp(cloud)
  if (!claimsAddresses()) return first
  for (let found = first; others.size < mostOthers; found = nextElasticIp(cloud, others)) {
    if (!(await isClaimed(found))) return found
    others.add(found)
  }
  return first
}
