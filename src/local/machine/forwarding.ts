import type { Store } from '../cloud.ts'
import { privateAddresses, publicAddress, sharesLoopback } from '../ec2/instances/public-address.ts'
import { claimPort, claimsAddresses } from '../ec2/network/claim.ts'
import { overlapsLoopback } from '../forwarder/blocks.ts'
import type { Association, Forwarding } from '../forwarder/rules.ts'
import type { Instance, Permission } from '../records.ts'

/** A rule that opens more ports than this is not forwarded: each one is a socket that listens. */
const widestRange = 1000

/** By which the other clouds of this computer see that an address is given: listened on, and open to nobody. */
function claims(store: Store): Forwarding[] {
  if (!claimsAddresses()) return []
  return store.list('address').map(({ PublicIp }) => ({ address: PublicIp, port: claimPort, to: PublicIp, via: PublicIp, from: [] }))
}

/**
 * What must be forwarded just now: for every running instance, the ports that its security groups open, on the public
 * addresses of its private ones and on its secondary private addresses, on which no program of the stand-in could
 * listen beside its primary one. Rules that admit nobody who could ever come by loopback, and rules for other groups,
 * open nothing. Beside them the claims of all Elastic IPs.
 */
export function forwardings(store: Store, warn: (line: string) => void = console.error): Forwarding[] {
  const groups = new Map(store.list('securityGroup').map((group) => [group.GroupId, group]))
  const open = running(store).flatMap((instance) => {
    const { InstanceId, PrivateIpAddress: to, SecondaryPrivateIpAddresses = [] } = instance
    // On a system with one loopback address, programs of the instance listen on the public address themselves.
    if (sharesLoopback(instance)) return []
    const rules = instance.SecurityGroupIds.flatMap((id) => groups.get(id)?.Ingress ?? [])
    const ports = [...openPorts(rules, (line) => warn(`instance ${InstanceId}: ${line}`))]
    const ways = [...associationsOf(store, instance), ...SecondaryPrivateIpAddresses.map((via) => ({ via, address: via }))]
    return ways.flatMap(({ via, address }) =>
      address === undefined ? [] : ports.map(([port, from]) => ({ address, port, to, via, from })),
    )
  })
  return [...claims(store), ...open]
}

/** What leads to each private address of the running instances. */
export function associations(store: Store): Association[] {
  return running(store).flatMap((instance) => associationsOf(store, instance))
}

function associationsOf(store: Store, instance: Instance): Association[] {
  return privateAddresses(instance).map((via) => {
    const address = publicAddress(store, instance, via)
    return { via, ...(address !== undefined && { address }) }
  })
}

function running(store: Store): Instance[] {
  return store.list('instance').filter(({ State }) => State === 'running')
}

/** Port → the blocks that may reach it. */
export function openPorts(rules: readonly Permission[], warn: (line: string) => void): Map<number, string[]> {
  const ports = new Map<number, string[]>()
  for (const { IpProtocol, FromPort, ToPort, CidrIpv4 } of rules) {
    if (CidrIpv4 === undefined || !overlapsLoopback(CidrIpv4)) continue
    if (IpProtocol !== 'tcp' && IpProtocol !== '-1') continue
    const [first, last] = IpProtocol === '-1' ? [1, 65_535] : [Math.max(FromPort ?? 1, 1), ToPort ?? 65_535]
    if (last - first >= widestRange) {
      warnOnce(`a rule that opens ports ${first}–${last} is not forwarded: at most ${widestRange} ports a rule`, warn)
      continue
    }
    for (let port = first; port <= last; port++) ports.set(port, [...(ports.get(port) ?? []), CidrIpv4])
  }
  return ports
}

const warned = new Set<string>()

/** The rules are read again and again; the log says it once. */
function warnOnce(line: string, warn: (line: string) => void): void {
  if (warned.has(line)) return
  warned.add(line)
  warn(line)
}
