import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { readText, readWhole, writeText } from './whole.ts'

/** The user's credentials, as an SDK client takes them. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What the cloud alone knows, beside what the user knows. */
export interface Keys {
  readonly user: Credentials
  /** 32 bytes from which tokens, role credentials and the encryption key of SecureStrings are derived. */
  readonly secret: Buffer
}

/** Makes the folder, closed to other users; an existing one is closed too. */
export function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
}

/** The user's credentials in this folder; undefined before the first start. */
export function readCredentials(folder: string): Credentials | undefined {
  return readWhole(path.join(folder, 'credentials.json'))
}

/** Reads the keys, or makes them at the first start. Only the process that holds the folder's lock may call it. */
export function openKeys(folder: string): Keys {
  let user = readCredentials(folder)
  if (!user) {
    user = { accessKeyId: `AKIA${base32(randomBytes(10))}`, secretAccessKey: randomBytes(32).toString('base64url') }
    writeText(path.join(folder, 'credentials.json'), `${JSON.stringify(user, null, 2)}\n`, { flush: true })
  }
  const file = path.join(folder, 'secret')
  let secret = readText(file)
  if (!secret) {
    secret = randomBytes(32).toString('hex')
    writeText(file, secret, { flush: true })
  }
  return { user, secret: Buffer.from(secret, 'hex') }
}

/** RFC 4648 base 32 without padding: what AWS's access key ids are written in. */
export function base32(bytes: Buffer): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31]
    value &= 255
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text
}
