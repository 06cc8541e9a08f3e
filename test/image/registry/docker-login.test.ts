import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dockerLogin } from '../../../src/image/registry/docker-login.ts'
import { failureOf } from '../../support/tiny-image.ts'

const folder = mkdtempSync(join(tmpdir(), 'docker-login-'))
const { PATH, DOCKER_CONFIG } = process.env
test.after(() => {
  rmSync(folder, { recursive: true })
  Object.assign(process.env, { PATH, ...(DOCKER_CONFIG ? { DOCKER_CONFIG } : {}) })
  if (!DOCKER_CONFIG) delete process.env.DOCKER_CONFIG
})
process.env.DOCKER_CONFIG = join(folder, '.docker')
process.env.PATH = `${folder}:${PATH}`

const configure = (config: object | string) => {
  mkdirSync(process.env.DOCKER_CONFIG!, { recursive: true })
  writeFileSync(join(process.env.DOCKER_CONFIG!, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
}

/** A credential helper that answers one server, and says in a file what it was asked. */
const helper = (name: string, server: string, answer: object) =>
  writeFileSync(
    join(folder, `docker-credential-${name}`),
    `#!/bin/sh
read -r server
echo "$1 $server" >>"${folder}/asked-${name}"
[ "$server" = '${server}' ] || { echo "credentials not found in native keychain"; exit 1; }
cat <<'END'
${JSON.stringify(answer)}
END
`,
    { mode: 0o755 },
  )

const base64 = (text: string) => Buffer.from(text).toString('base64')
const headerOf = async (host: string) => (await dockerLogin(host))?.authorization

test('without a config file there is no login, and none for a registry that it does not name', async () => {
  rmSync(process.env.DOCKER_CONFIG!, { recursive: true, force: true })
  assert.is(await dockerLogin('quay.io'), undefined)
  configure({ auths: { 'other.test': { auth: base64('a:b') } } })
  assert.is(await dockerLogin('quay.io'), undefined)
})

test('logins are found under every form in which docker keeps a name', async () => {
  configure({
    auths: {
      'https://index.docker.io/v1/': { auth: base64('hub:pw') },
      'quay.test:5000': { username: 'ann', password: 'p:w' },
      'https://old.test/v2/': { auth: base64('old:pw') },
      'token.test': { identitytoken: 'refresh-me' },
      'bearer.test': { registrytoken: 'abc' },
      'empty.test': {},
    },
  })
  assert.is(await headerOf('registry-1.docker.io'), `Basic ${base64('hub:pw')}`)
  assert.is(await headerOf('quay.test:5000'), `Basic ${base64('ann:p:w')}`)
  assert.is(await headerOf('quay.test'), undefined)
  assert.is(await headerOf('old.test'), `Basic ${base64('old:pw')}`)
  assert.is((await dockerLogin('token.test'))!.identityToken, 'refresh-me')
  assert.is(await headerOf('bearer.test'), 'Bearer abc')
  assert.is(await dockerLogin('empty.test'), undefined)
  const { from, next } = (await dockerLogin('registry-1.docker.io'))!
  assert.equal([from, next], [`what ${folder}/.docker/config.json has for docker.io`, 'docker login docker.io'])
})

test("a registry's own helper comes before the store, and both before the file", async () => {
  helper('store', 'https://index.docker.io/v1/', { ServerURL: '', Username: 'store', Secret: 'pw' })
  helper('own', 'own.test', { ServerURL: '', Username: '<token>', Secret: 'refresh-me' })
  configure({ auths: { 'own.test': { auth: base64('file:pw') } }, credsStore: 'store', credHelpers: { 'own.test': 'own' } })
  assert.is((await dockerLogin('own.test'))!.identityToken, 'refresh-me')
  assert.is(await headerOf('registry-1.docker.io'), `Basic ${base64('store:pw')}`)
  assert.is(await dockerLogin('elsewhere.test'), undefined, 'the store does not know it')
})

test('a helper that is missing, fails or answers something else is a failure that shows no secret', async () => {
  configure({ credHelpers: { 'gone.test': 'gone', 'locked.test': 'locked', 'odd.test': 'odd' } })
  const gone = await failureOf(() => dockerLogin('gone.test'))
  assert.match(gone.message, /^docker-credential-gone could not be started for a login to gone\.test: .*ENOENT/)
  writeFileSync(join(folder, 'docker-credential-locked'), '#!/bin/sh\necho the keychain is locked\nexit 1\n', { mode: 0o755 })
  const locked = await failureOf(() => dockerLogin('locked.test'))
  assert.is(locked.message, 'docker-credential-locked gave no login for locked.test: the keychain is locked')
  assert.is(locked.details.next, 'docker login locked.test')
  writeFileSync(join(folder, 'docker-credential-odd'), '#!/bin/sh\necho secret-of-ann\n', { mode: 0o755 })
  assert.not.match((await failureOf(() => dockerLogin('odd.test'))).message, 'secret-of-ann')
})

test('a config file that is no JSON is named, and nothing of it is shown', async () => {
  configure('{"auths":{"quay.io":{"auth":"c2VjcmV0"')
  const { message, details } = await failureOf(() => dockerLogin('quay.io'))
  assert.is(message, "Docker's logins could not be read: the file is not JSON.")
  assert.is(details.on, join(folder, '.docker/config.json'))
})

test.run()
