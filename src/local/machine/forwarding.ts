import type { Store } from '../cloud.ts'
import { publicAddress } from '../ec2/instances/live.ts'
import { claimPort, claimsAddresses } from '../ec2/network/claim.ts'
import { overlapsLoopback } from '../forwarder/blocks.ts'
import type { Forwarding } from '../forwarder/rules.ts'
import type { Permission } from '../records.ts'

/** A rule that opens more ports than this is not forwarded: each one is a socket that listens. */
const widestRange = 1000

/** By which the other clouds of this computer see that an address is given: listened on, and open to nobody. */
function claims(store: Store): Forwarding[] {
  if (!claimsAddresses()) return []
  return store.list('address').map(({ PublicIp }) => ({ address: PublicIp, port: claimPort, to: PublicIp, from: [] }))
}

/**
 * What must be forwarded just now: for every running instance, the ports that its security groups open, on its Elastic
 * IP, or on the public address of its own while it has none. Rules that admit nobody who could ever come by loopback,
 * and rules for other groups, open nothing. Beside them the claims of all Elastic IPs.
 */
export function forwardings(store: Store, warn: (line: string) => void = console.error): Forwarding[] {
  const groups = new Map(store.list('securityGroup').map((group) => [group.GroupId, group]))
  const open = store
    .list('instance')
    .filter(({ State }) => State === 'running')
    .flatMap((instance) => {
      const address = publicAddress(store, instance)
      // On a system with one loopback address, programs of the instance listen on the public address themselves.
      if (address === undefined || address === instance.PrivateIpAddress) return []
      const rules = instance.SecurityGroupIds.flatMap((id) => groups.get(id)?.Ingress ?? [])
      const ports = openPorts(rules, (line) => warn(`instance ${instance.InstanceId}: ${line}`))
      return [...ports].map(([port, from]) => ({ address, port, to: instance.PrivateIpAddress, from }))
    })
  return [...claims(store), ...open]
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
