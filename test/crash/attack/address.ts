import { lookup } from 'node:dns/promises'
import { BlockList, isIPv6 } from 'node:net'
import { Failure } from '../../../src/report/failure.ts'

/**
 * Addresses that nobody else can have: loopback, and those of RFC 1918 and RFC 4193. Not link-local ones: a cloud's
 * metadata service is among them.
 */
const own = new BlockList()
own.addSubnet('127.0.0.0', 8)
own.addSubnet('10.0.0.0', 8)
own.addSubnet('172.16.0.0', 12)
own.addSubnet('192.168.0.0', 16)
own.addAddress('::1', 'ipv6')
own.addSubnet('fc00::', 7, 'ipv6')

/**
 * Looks up where an URL leads. All traffic goes to this address, whatever the name leads to later.
 *
 * @param trusted the person has said that the address is theirs
 * @returns `http://ADDRESS:PORT`
 * @throws Failure (usage) for what is no such URL, leads nowhere, or leads to an address that may be somebody else's
 */
export async function resolveUrl(text: string, trusted: boolean): Promise<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new Failure(`--url is ${JSON.stringify(text)}, expected something like http://127.0.0.1:8001.`, { code: 2 })
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const { address } = await lookup(name).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${name} cannot be looked up (${error.code}).`, { code: 2, cause: error })
  })
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (!trusted && !own.check(address, family)) {
    throw new Failure(`${text} leads to ${address}, which is neither a loopback nor a private address. Nothing was sent.`, {
      code: 2,
      likely: 'An attack on what is not yours is a crime in most places.',
      next: `add --i-own-this-address if the machine at ${address} is yours and its operator agrees`,
    })
  }
  return `http://${family === 'ipv6' ? `[${address}]` : address}:${url.port || 80}`
}
