import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** Tells requests that come from the machine's own network from those of strangers. */
export type IsNeighbour = (request: IncomingMessage, address: string) => boolean

/** What a proxy adds to a request. */
const marksOfProxies = ['x-forwarded-for', 'forwarded', 'via']

/**
 * Makes the test for requests from the machine's own network: its loopback, and the private networks that this process
 * is on. In a container that is the engine's bridge, where the other containers and the machine itself are. A published
 * port keeps the address of whoever asks from outside (docker's packet filter rewrites the destination alone,
 * https://docs.docker.com/engine/network/packet-filtering-firewalls/), so a stranger is not taken for a neighbour. What
 * a proxy has sent on says nothing of its client by where it comes from, and counts for none.
 *
 * @param interfaces by name, as the system has them
 */
export function ownNetwork(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()): IsNeighbour {
  const own = new BlockList()
  own.addSubnet('127.0.0.0', 8)
  own.addAddress('::1', 'ipv6')
  const privateBlocks = new BlockList()
  privateBlocks.addSubnet('10.0.0.0', 8)
  privateBlocks.addSubnet('172.16.0.0', 12)
  privateBlocks.addSubnet('192.168.0.0', 16)
  for (const { address, cidr } of Object.values(interfaces).flatMap((list) => list ?? [])) {
    const prefix = Number(cidr?.split('/')[1])
    if (isIPv4(address) && privateBlocks.check(address) && prefix > 0) own.addSubnet(address, prefix)
  }
  return ({ headers }, address) => {
    if (marksOfProxies.some((name) => headers[name] !== undefined) || isIP(address) === 0) return false
    return own.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  }
}
