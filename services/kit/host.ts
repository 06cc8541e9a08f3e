import type { IncomingMessage } from 'node:http'

/**
 * Whether a request says as HTTP wants it which host it is for (RFC 9112, section 3.2): never twice, since whoever
 * stands before us might go by the one and we by the other, and once from HTTP/1.1 on. Node looks for a missing one
 * only, and takes the first of two.
 */
export function namesItsHost({ rawHeaders, httpVersionMajor: major, httpVersionMinor: minor }: IncomingMessage): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts === 1 || (hosts === 0 && major === 1 && minor === 0)
}
