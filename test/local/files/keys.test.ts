import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { base32, makeFolder, openKeys, readCredentials } from '../../../src/local/files/keys.ts'
import { seal, unseal } from '../../../src/local/files/seal.ts'

const folder = path.join(mkdtempSync(path.join(tmpdir(), 'keys-')), 'deep', 'cloud')
test.after(() => rmSync(path.join(folder, '../..'), { recursive: true, force: true }))

const mode = (...parts: string[]) => (statSync(path.join(folder, ...parts)).mode & 0o777).toString(8)

test('the folder is closed to others, also one that was open', () => {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  makeFolder(folder)
  assert.is(mode(), '700')
})

test('keys are made once, for the owner’s eyes only, and never half', () => {
  assert.is(readCredentials(folder), undefined)
  const first = openKeys(folder)
  assert.match(first.user.accessKeyId, /^AKIA[A-Z2-7]{16}$/)
  assert.ok(Buffer.from(first.user.secretAccessKey, 'base64url').length >= 32)
  assert.is(first.secret.length, 32)
  assert.equal(openKeys(folder), first)
  assert.equal(readCredentials(folder), first.user)
  assert.equal(readdirSync(folder).sort(), ['credentials.json', 'secret'])
  assert.equal([mode('credentials.json'), mode('secret')], ['600', '600'])
})

test('a state that cannot be read is an error, not a first start', () => {
  const broken = path.join(folder, 'broken')
  mkdirSync(path.join(broken, 'credentials.json'), { recursive: true })
  assert.throws(() => readCredentials(broken), /EISDIR/)
  assert.ok(existsSync(broken))
})

test('base 32 is that of RFC 4648', () => {
  const texts = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => base32(Buffer.from(text)))
  assert.equal(texts, ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'])
})

test('a seal is for one purpose and breaks with the first changed character', () => {
  const secret = Buffer.alloc(32, 1)
  const text = seal(secret, 'session', { a: 1 })
  assert.equal(unseal(secret, 'session', text), { a: 1 })
  assert.is(unseal(secret, 'registry', text), undefined)
  assert.is(unseal(Buffer.alloc(32, 2), 'session', text), undefined)
  assert.is(unseal(secret, 'session', `f${text}`), undefined)
  assert.is(unseal(secret, 'session', `${text}.more`), undefined)
  assert.is(unseal(secret, 'session', ''), undefined)
})

test.run()
