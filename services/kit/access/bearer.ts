import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * Whether a text can be a token: what `Authorization: Bearer` can carry (RFC 6750, section 2.1), and too long to be
 * tried out.
 */
export function isToken(text: string): boolean {
  return /^[\w.~+/-]{16,512}=*$/.test(text)
}

/**
 * Tells requests that bring the token (`Authorization: Bearer TOKEN`) from those that do not. Digests are compared, in
 * the same time wherever they differ, so that how long a refusal takes tells nothing of the token, nor of its length.
 *
 * @param token undefined lets nobody in
 */
export function bringsToken(token: string | undefined): (request: IncomingMessage) => boolean {
  if (token === undefined) return () => false
  const expected = digest(token)
  return ({ headers: { authorization = '' } }) => {
    const [, given] = /^bearer +([^ ]+) *$/i.exec(authorization) ?? []
    return given !== undefined && timingSafeEqual(digest(given), expected)
  }
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
