import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { resolveBase } from '../../../src/image/base/base.ts'
import { digestOf } from '../../../src/image/blob.ts'
import { pushImage } from '../../../src/image/registry/push.ts'
import { reader, startDockerRegistry } from '../../support/docker-registry.ts'
import { failureOf, tinyImage } from '../../support/tiny-image.ts'

const folder = mkdtempSync(join(tmpdir(), 'private-base-'))
const { PATH, DOCKER_CONFIG } = process.env
process.env.DOCKER_CONFIG = folder
process.env.PATH = `${folder}:${PATH}`
test.after(() => {
  rmSync(folder, { recursive: true })
  process.env.PATH = PATH
  if (DOCKER_CONFIG) process.env.DOCKER_CONFIG = DOCKER_CONFIG
  else delete process.env.DOCKER_CONFIG
})

const configure = (config: object) => writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
const base64 = (words: string) => Buffer.from(words).toString('base64')
const ours = base64(`${reader.user}:${reader.password}`)
let caches = 0
const options = () => ({ cacheFolder: join(folder, `cache-${++caches}`) })
const image = await tinyImage('base', [{ path: '/base', content: 'base' }])

test('a base of a private registry is read with the login that docker has, from its file or from a helper', async () => {
  const registry = await startDockerRegistry({ private: true })
  if (!registry) return
  try {
    await pushImage(image, { registry: `http://${registry.host}`, repository: 'team/base', tag: '1', authorization: `Basic ${ours}` })
    const reference = `${registry.host}/team/base:1`

    configure({})
    const nobody = await failureOf(() => resolveBase(reference, 'amd64', options()))
    assert.match(nobody.message, /could not be read: 401 UNAUTHORIZED/)
    assert.equal(
      [nobody.code, nobody.details.likely, nobody.details.next],
      [3, `It was asked without a login: docker has none for ${registry.host}.`, `docker login ${registry.host}`],
    )

    configure({ auths: { [registry.host]: { auth: base64('ann:guess') } } })
    const wrong = await failureOf(() => resolveBase(reference, 'amd64', options()))
    assert.is(
      wrong.details.likely,
      `It was asked with what ${folder}/config.json has for ${registry.host}: that login may not read this, or is not valid any more.`,
    )
    assert.is(wrong.details.next, `docker login ${registry.host}`)
    assert.not.match(JSON.stringify([wrong.message, wrong.details]), base64('ann:guess'))

    configure({ auths: { [registry.host]: { auth: ours } } })
    const base = await resolveBase(reference, 'amd64', options())
    assert.is(await text(await base.layers[0]!.open()), await text(await image.layers[0]!.open()))

    const answer = JSON.stringify({ ServerURL: registry.host, Username: reader.user, Secret: reader.password })
    const program = `#!/bin/sh\nread -r server\n[ "$1 $server" = 'get ${registry.host}' ] || exit 9\necho '${answer}'\n`
    writeFileSync(join(folder, 'docker-credential-test'), program, { mode: 0o755 })
    configure({ credHelpers: { [registry.host]: 'test' } })
    assert.is((await resolveBase(reference, 'amd64', options())).image.digest, image.digest)
  } finally {
    await registry.remove()
  }
})

/** A registry whose token service takes an identity token by POST, and nothing else. */
async function startTokenRegistry() {
  const forms: Record<string, string>[] = []
  const content = new Map<string, Buffer>()
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://x')
    if (url.pathname === '/token') {
      forms.push(Object.fromEntries(new URLSearchParams(await text(request))))
      if (request.method !== 'POST' || forms.at(-1)!.refresh_token !== 'identity-of-ann') return response.writeHead(401).end('{}')
      return response.end('{"access_token":"access-of-ann"}')
    }
    if (request.headers.authorization !== 'Bearer access-of-ann')
      return response
        .writeHead(401, {
          'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="s",scope="repository:base:pull"`,
        })
        .end()
    const found = content.get(url.pathname)
    return found ? response.end(found) : response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, forms, content, close }
}

test('an identity token is refreshed by the token service, and one that is refused is told with the command', async () => {
  const registry = await startTokenRegistry()
  const config = await text(await image.config.open())
  registry.content.set('/v2/base/manifests/1', image.manifest)
  registry.content.set(`/v2/base/blobs/${digestOf(config)}`, Buffer.from(config))
  configure({ auths: { [registry.host]: { identitytoken: 'identity-of-ann' } } })
  assert.is((await resolveBase(`${registry.host}/base:1`, 'amd64', options())).image.digest, image.digest)
  assert.equal(registry.forms[0], {
    grant_type: 'refresh_token',
    client_id: 'mlops',
    refresh_token: 'identity-of-ann',
    service: 's',
    scope: 'repository:base:pull',
  })
  configure({ auths: { [registry.host]: { identitytoken: 'stale' } } })
  const { message, details } = await failureOf(() => resolveBase(`${registry.host}/base:1`, 'amd64', options()))
  assert.match(message, /gave no login: 401/)
  assert.is(details.next, `docker login ${registry.host}`)
  assert.not.match(JSON.stringify([message, details]), 'stale')
  await registry.close()
})

test.run()
