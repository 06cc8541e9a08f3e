import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * A string that carries claims and proves that this cloud made it, so that nothing about it needs to be stored.
 * @param purpose keeps a token of one use from passing as one of another
 */
export function seal(secret: Buffer, purpose: string, claims: object): string {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${body}.${mac(secret, purpose, body).toString('base64url')}`
}

/** The claims of a sealed string; undefined when it was not sealed with this secret for this purpose. */
export function unseal<T>(secret: Buffer, purpose: string, text: string): T | undefined {
  const [body = '', given = '', ...rest] = text.split('.')
  if (rest.length > 0 || !same(Buffer.from(given, 'base64url'), mac(secret, purpose, body))) return undefined
  return JSON.parse(Buffer.from(body, 'base64url').toString())
}

/** HMAC-SHA-256 of a text for one purpose. */
export function mac(secret: Buffer, purpose: string, text: string): Buffer {
  return createHmac('sha256', secret).update(`${purpose}\0${text}`).digest()
}

/** Compares without telling by its duration where the difference lies. */
export function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
