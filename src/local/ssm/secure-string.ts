import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

export type SecureStrings = ReturnType<typeof createSecureStrings>

/**
 * Encrypts values at rest with AES-256-GCM. The parameter's name is bound to the text, so that one cannot be put in
 * another's place.
 * @param secret the cloud's own, which does not lie in the store
 */
export function createSecureStrings(secret: Buffer) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'SecureString', 32))
  return {
    encrypt(name: string, value: string): string {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name))
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
    },
    /** Throws when the text was not encrypted with this secret for this name. */
    decrypt(name: string, text: string): string {
      const bytes = Buffer.from(text, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        .setAAD(Buffer.from(name))
        .setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    },
  }
}
