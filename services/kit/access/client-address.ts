import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'

/** The address of the client that a request comes from. */
export type ClientAddress = (request: IncomingMessage) => string

/**
 * Whose request it is: the address at the other end of the connection. Where that is a proxy that is believed, it is
 * the last address in `X-Forwarded-For`, which the proxy itself has put there; and so on from right to left, as long as
 * that again is such a proxy. What stands left of the first stranger is what he says of himself, and anybody can say
 * anything.
 *
 * @param trusted IPv4 CIDR blocks
 */
export function clientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return peerOf
  const proxies = new BlockList()
  for (const block of trusted) {
    const [network = '', prefix] = block.split('/')
    proxies.addSubnet(network, Number(prefix))
  }
  return (request) => {
    const { 'x-forwarded-for': said = '' } = request.headers
    const hops = (typeof said === 'string' ? said : said.join(',')).split(',')
    let address = peerOf(request)
    while (isIPv4(address) && proxies.check(address)) {
      const next = addressIn(hops.pop())
      // A proxy that does not say for whom it asks, asks for itself.
      if (next === undefined) break
      address = next
    }
    return address
  }
}

function peerOf({ socket }: IncomingMessage): string {
  return unmapped(socket.remoteAddress ?? '')
}

/** A server that listens on IPv6 sees IPv4 clients as ::ffff:192.0.2.1. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** The address of one hop, with or without the port that some proxies add; undefined where there is none. */
function addressIn(hop = ''): string | undefined {
  const [, inBrackets, withPort] = /^\s*(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)\s*$/.exec(hop) ?? []
  const address = inBrackets ?? withPort ?? hop.trim()
  return isIP(address) ? unmapped(address) : undefined
}

/**
 * What stands for a client where clients are counted: an IPv4 address, or the first 64 bits of an IPv6 address, which
 * is the least that a single household gets (RFC 6177), so that nobody is millions of clients.
 */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  // Only what is cut short has to be filled up; an IPv4 address at the end stands for two groups.
  const after = groups(tail ?? '').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]))
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const network = [...before, ...zeros, ...after].slice(0, 4)
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

function groups(part: string): string[] {
  return part === '' ? [] : part.split(':')
}
