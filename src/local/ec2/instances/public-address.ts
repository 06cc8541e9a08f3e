import type { Cloud, Store } from '../../cloud.ts'
import { ownAddressMs } from '../../delays.ts'
import type { Address, Instance } from '../../records.ts'
import { nextAddresses } from '../network/loopback.ts'

/** The private addresses of an instance's interface, the primary first. */
export function privateAddresses({ PrivateIpAddress, SecondaryPrivateIpAddresses = [] }: Instance): string[] {
  return [PrivateIpAddress, ...SecondaryPrivateIpAddresses]
}

/** The Elastic IP that is associated with a private address of an instance. */
export function elasticIpOf(store: Store, instance: Instance, privateAddress: string): Address | undefined {
  const { InstanceId, PrivateIpAddress } = instance
  return store
    .list('address')
    .find((each) => each.InstanceId === InstanceId && (each.PrivateIpAddress ?? PrivateIpAddress) === privateAddress)
}

/**
 * The public address by which the world reaches a private address of an instance just now, by default its primary one:
 * an Elastic IP, or the address of its own, which only a primary one has.
 */
export function publicAddress(store: Store, instance: Instance, privateAddress = instance.PrivateIpAddress): string | undefined {
  if (instance.State === 'terminated') return undefined
  const own = privateAddress === instance.PrivateIpAddress ? instance.PublicIpAddress : undefined
  return elasticIpOf(store, instance, privateAddress)?.PublicIp ?? own
}

/** The private addresses of an instance that the world reaches just now, by their public ones. */
export function associationsOf(store: Store, instance: Instance): Record<string, string> {
  const pairs = privateAddresses(instance).map((address) => [publicAddress(store, instance, address), address] as const)
  return Object.fromEntries(pairs.filter(([address]) => address !== undefined))
}

/** The hardware address of an instance's interface. */
export function macOf({ PrivateIpAddress }: Instance): string {
  const bytes = PrivateIpAddress.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
  return ['02', '00', ...bytes].join(':')
}

/** Where the loopback has one address, instances share it, and have no public one of their own. */
export function sharesLoopback({ PrivateIpAddress }: Instance): boolean {
  return PrivateIpAddress === '127.0.0.1'
}

/**
 * Gives up the address of its own of an instance whose primary private address gets an Elastic IP. It gets another one
 * later, unless a secondary private address has an Elastic IP as well (EC2 User Guide, "Public IPv4 addresses").
 */
export function withoutOwnAddress(store: Store, { PublicIpAddress, PublicAddressDue, ...instance }: Instance): Instance {
  const had = PublicIpAddress !== undefined || PublicAddressDue !== undefined || instance.HadPublicAddress === true
  return { ...instance, ...(had && { HadPublicAddress: !hasSecondaryElasticIp(store, instance) }) }
}

/** From now on an instance that has lost its Elastic IP waits for an address of its own, where it had one. */
export function awaitOwnAddress(store: Store, instance: Instance): void {
  if (!instance.HadPublicAddress || publicAddress(store, instance) !== undefined) return
  store.put('instance', instance.InstanceId, { ...instance, PublicAddressDue: Date.now() + ownAddressMs() })
}

/** Gives addresses of their own to the instances that have waited for one for long enough. */
export function giveOwnAddresses(cloud: Cloud, now = Date.now()): void {
  const { store } = cloud
  const due = ({ State, PublicAddressDue = Number.POSITIVE_INFINITY }: Instance) => State === 'running' && PublicAddressDue <= now
  if (!store.list('instance').some(due)) return
  store.transaction(() => {
    for (const { PublicAddressDue, HadPublicAddress, ...instance } of store.list('instance').filter(due)) {
      const { Public } = nextAddresses(cloud)
      store.put('instance', instance.InstanceId, { ...instance, ...(Public !== undefined && { PublicIpAddress: Public }) })
    }
  })
}

/** Whether an instance that is switched off now gets an address of its own when it is started again. */
export function getsAddressAgain(store: Store, instance: Instance): boolean {
  const had = instance.PublicIpAddress !== undefined || instance.HadPublicAddress === true
  return had && !hasSecondaryElasticIp(store, instance)
}

function hasSecondaryElasticIp(store: Store, instance: Instance): boolean {
  return (instance.SecondaryPrivateIpAddresses ?? []).some((address) => elasticIpOf(store, instance, address) !== undefined)
}
