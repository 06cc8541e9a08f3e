import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { programOnPath } from '../../../src/image/base/program.ts'
import { digestOf, type Image, mediaTypes } from '../../../src/image/blob.ts'
import { pushImage } from '../../../src/image/registry/push.ts'
import { errorOf, owner, puller, type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { bare, tempFolder, tinyImage } from '../../support/tiny-image.ts'

let registry: RunningRegistry
let authorization: string

test.before.each(async () => {
  registry = await startRegistry()
  authorization = registry.authorization()
  registry.call('CreateRepository', { repositoryName: 'app' })
})

test.after.each(() => registry.close())

/** One request below /v2/, by the owner unless other headers are given. */
function ask(method: string, path: string, options: { headers?: Record<string, string>; body?: string | Buffer } = {}): Promise<Response> {
  const { headers = {}, body } = options
  const all = { authorization, ...headers }
  return fetch(new URL(path, `${registry.origin}/v2/`), {
    method,
    headers: all,
    ...(body !== undefined && { body: Uint8Array.from(Buffer.from(body)) }),
  })
}

/** Status and error code of an answer. */
async function refusal(response: Promise<Response>): Promise<[number, string]> {
  const answer = await response
  return [answer.status, (await errorOf(answer)).code]
}

const blob = 'some content'
const digest = digestOf(blob)
const missing = digestOf('missing')

const start = async (repository = 'app'): Promise<string> => (await ask('POST', `${repository}/blobs/uploads/`)).headers.get('location')!

const upload = (content: string | Buffer, repository = 'app'): Promise<Response> =>
  ask('POST', `${repository}/blobs/uploads/?digest=${digestOf(content)}`, { body: content })

const push = async (tag: string, repository = 'app'): Promise<Image> => {
  const image = await tinyImage('x', [{ path: '/app', content: tag }])
  await pushImage(image, { registry: registry.origin, repository, tag, authorization })
  return image
}

const files = (place: string): string[] => {
  const folder = join(registry.folder, 'registry', place)
  return existsSync(folder) ? readdirSync(folder) : []
}

test('nobody gets in without a login that GetAuthorizationToken gave', async () => {
  for (const wrong of ['', 'Basic !', `Basic ${btoa('AWS:wrong')}`, `Basic ${btoa('other:x')}`, 'Bearer x']) {
    const response = await ask('GET', '', { headers: { authorization: wrong } })
    assert.is(response.status, 401, wrong)
    assert.is(response.headers.get('www-authenticate'), `Basic realm="${registry.origin}/",service="ecr.amazonaws.com"`)
    assert.is((await errorOf(response)).code, 'UNAUTHORIZED')
  }
  assert.is((await ask('GET', '')).status, 200)
  assert.is((await ask('HEAD', '')).status, 200)
  assert.equal(await refusal(ask('POST', '')), [405, 'UNSUPPORTED'])
})

test('a role pulls where its policies say so, and pushes nothing', async () => {
  const image = await push('v1')
  const headers = { authorization: registry.authorization(puller) }
  assert.is((await ask('GET', 'app/manifests/v1', { headers })).status, 200)
  assert.is((await ask('GET', `app/blobs/${image.config.digest}`, { headers })).status, 200)
  for (const [method, path] of [
    ['POST', 'app/blobs/uploads/'],
    ['PUT', 'app/manifests/v2'],
    ['GET', 'app/tags/list'],
    ['GET', '_catalog'],
  ]) {
    assert.equal(await refusal(ask(method!, path!, { headers })), [403, 'DENIED'], path)
  }
})

test('a blob is uploaded at once, in one request or two', async () => {
  const once = await upload(blob)
  assert.is(once.status, 201)
  assert.is(once.headers.get('docker-content-digest'), digest)
  const other = 'other'
  const done = await ask('PUT', `${await start()}?digest=${digestOf(other)}`, { body: other })
  assert.is(done.status, 201)
  assert.is(done.headers.get('location'), `${registry.origin}/v2/app/blobs/${digestOf(other)}`)
  assert.is(await (await ask('GET', `app/blobs/${digestOf(other)}`)).text(), other)
  assert.equal(files('uploads'), [])
})

test('a blob is uploaded in chunks, whose order and length are checked', async () => {
  const location = await start()
  const first = await ask('PATCH', location, { body: blob.slice(0, 5), headers: { 'content-range': '0-4' } })
  assert.equal([first.status, first.headers.get('range')], [202, '0-4'])
  assert.equal(await refusal(ask('PATCH', location, { body: 'xx', headers: { 'content-range': '2-3' } })), [416, 'BLOB_UPLOAD_INVALID'])
  assert.equal(await refusal(ask('PATCH', location, { body: 'xx', headers: { 'content-range': '5-9' } })), [400, 'SIZE_INVALID'])
  assert.equal(await refusal(ask('PATCH', location, { body: 'xx', headers: { 'content-range': 'all' } })), [400, 'BLOB_UPLOAD_INVALID'])
  const status = await ask('GET', location)
  assert.equal([status.status, status.headers.get('range')], [204, '0-4'])
  assert.is((await ask('PATCH', location, { body: blob.slice(5, 8) })).headers.get('range'), '0-7')
  assert.is((await ask('PUT', `${location}?digest=${digest}`, { body: blob.slice(8) })).status, 201)
  assert.is(await (await ask('GET', `app/blobs/${digest}`)).text(), blob)
  assert.equal(await refusal(ask('PATCH', location, { body: 'x' })), [404, 'BLOB_UPLOAD_UNKNOWN'])
})

test('content that is not what its digest says is refused and leaves nothing', async () => {
  assert.equal(await refusal(ask('POST', `app/blobs/uploads/?digest=${missing}`, { body: blob })), [400, 'DIGEST_INVALID'])
  const location = await start()
  assert.equal(await refusal(ask('PUT', location)), [400, 'DIGEST_INVALID'])
  assert.equal(await refusal(ask('PUT', `${location}?digest=md5:12`)), [400, 'DIGEST_INVALID'])
  assert.equal(await refusal(ask('PUT', `${location}?digest=${missing}`, { body: blob })), [400, 'DIGEST_INVALID'])
  assert.equal(await refusal(ask('GET', location)), [404, 'BLOB_UPLOAD_UNKNOWN'])
  assert.equal([files('uploads'), files('blobs/sha256')], [[], []])
})

test('an upload can be given up', async () => {
  const location = await start()
  await ask('PATCH', location, { body: 'x' })
  assert.is((await ask('DELETE', location)).status, 204)
  assert.equal(files('uploads'), [])
  assert.equal(await refusal(ask('PUT', `${location}?digest=${digest}`)), [404, 'BLOB_UPLOAD_UNKNOWN'])
})

test('an upload whose connection breaks can go on where it stands', async () => {
  const location = await start()
  await new Promise<void>((resolve) => {
    const request = http.request(location, { method: 'PATCH', headers: { authorization, 'content-length': '1000' } })
    request.on('error', () => resolve())
    request.write(blob.slice(0, 6))
    const look = async (): Promise<void> => {
      const { headers } = await ask('GET', location)
      if (headers.get('range') === '0-5') request.destroy(new Error('cable pulled'))
      else setImmediate(look)
    }
    look()
  })
  let done = await ask('PUT', `${location}?digest=${digest}`, { body: blob.slice(6) })
  // The registry hears of the broken connection a moment later than we do.
  while (done.status === 409) done = await ask('PUT', `${location}?digest=${digest}`, { body: blob.slice(6) })
  assert.is(done.status, 201)
})

test('a blob that another repository has is proven by its content but not written twice', async () => {
  registry.call('CreateRepository', { repositoryName: 'other' })
  await upload(blob)
  assert.equal(await refusal(ask('GET', `other/blobs/${digest}`)), [404, 'BLOB_UNKNOWN'])
  assert.equal(await refusal(ask('POST', `other/blobs/uploads/?digest=${digest}`, { body: 'a lie' })), [400, 'DIGEST_INVALID'])
  assert.is((await ask('HEAD', `other/blobs/${digest}`)).status, 404)
  assert.is((await upload(blob, 'other')).status, 201)
  assert.is(await (await ask('GET', `other/blobs/${digest}`)).text(), blob)
  assert.is(files('blobs/sha256').length, 1)
})

test('a mount is answered with an upload, as ECR does', async () => {
  registry.call('CreateRepository', { repositoryName: 'other' })
  await upload(blob)
  const response = await ask('POST', `other/blobs/uploads/?mount=${digest}&from=app`)
  assert.is(response.status, 202)
  assert.match(response.headers.get('location')!, /\/v2\/other\/blobs\/uploads\//)
})

test('a blob is served whole, in part, or as headers', async () => {
  await upload(blob)
  const head = await ask('HEAD', `app/blobs/${digest}`)
  assert.equal([head.status, head.headers.get('content-length'), head.headers.get('docker-content-digest')], [200, '12', digest])
  const part = async (range: string): Promise<[number, string | null, string]> => {
    const response = await ask('GET', `app/blobs/${digest}`, { headers: { range } })
    return [response.status, response.headers.get('content-range'), await response.text()]
  }
  assert.equal(await part('bytes=5-8'), [206, 'bytes 5-8/12', 'cont'])
  assert.equal(await part('bytes=5-'), [206, 'bytes 5-11/12', 'content'])
  assert.equal(await part('bytes=-7'), [206, 'bytes 5-11/12', 'content'])
  assert.equal(await part('bytes=5-99'), [206, 'bytes 5-11/12', 'content'])
  assert.equal(await part('bytes=12-'), [416, 'bytes */12', ''])
  assert.equal(await part('lines=1-2'), [200, null, blob])
  assert.equal(await part('bytes=8-5'), [200, null, blob])
  assert.equal(await refusal(ask('GET', `app/blobs/${missing}`)), [404, 'BLOB_UNKNOWN'])
  assert.is((await upload('')).status, 201)
  assert.is(await (await ask('GET', `app/blobs/${digestOf('')}`)).text(), '')
})

test('a manifest is served by tag and by digest, byte for byte', async () => {
  const image = await push('v1')
  for (const reference of ['v1', image.digest]) {
    const response = await ask('GET', `app/manifests/${reference}`)
    assert.equal(
      [response.status, response.headers.get('content-type'), response.headers.get('docker-content-digest')],
      [200, image.mediaType, image.digest],
    )
    assert.is(await response.text(), image.manifest.toString())
    const head = await ask('HEAD', `app/manifests/${reference}`)
    assert.equal([head.status, head.headers.get('content-length')], [200, String(image.manifest.length)])
  }
  assert.equal(await refusal(ask('GET', 'app/manifests/v2')), [404, 'MANIFEST_UNKNOWN'])
})

test('a manifest that is wrong, or names what is not there, is refused', async () => {
  const image = await push('v1')
  const put = (body: string | Buffer | object, type = image.mediaType, reference = 'v2') =>
    refusal(
      ask('PUT', `app/manifests/${reference}`, {
        headers: { 'content-type': type },
        body: typeof body === 'object' && !Buffer.isBuffer(body) ? JSON.stringify(body) : body,
      }),
    )
  const right = JSON.parse(image.manifest.toString())
  const invalid = [400, 'MANIFEST_INVALID']
  assert.equal(await put('{'), invalid)
  assert.equal(await put('[]'), invalid)
  assert.equal(await put(Buffer.from([0xff, 0xfe])), invalid)
  assert.equal(await put(right, 'text/plain'), invalid)
  assert.equal(await put(right, mediaTypes.index), invalid)
  assert.equal(await put({ ...right, schemaVersion: 1 }), invalid)
  assert.equal(await put({ ...right, layers: 'none' }), invalid)
  assert.equal(await put({ ...right, layers: [] }), invalid)
  assert.equal(await put({ ...right, config: undefined }), invalid)
  assert.equal(await put({ ...right, layers: [{ digest: 'x', size: 1 }] }), invalid)
  assert.equal(await put({ ...right, layers: [{ digest: missing, size: -1 }] }), invalid)
  assert.equal(await put(Buffer.alloc(4 * 1024 * 1024 + 1)), [413, 'MANIFEST_INVALID'])
  // Most clients look for an answer only when they have sent everything.
  assert.equal(await put(Buffer.alloc(20 * 1024 * 1024)), [413, 'MANIFEST_INVALID'])
  assert.equal(await put(`{"schemaVersion":2,"mediaType":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), invalid)
  assert.equal(await put({ ...right, layers: [{ mediaType: mediaTypes.tar, digest: missing, size: 1 }] }), [404, 'MANIFEST_BLOB_UNKNOWN'])
  assert.equal(await put(right, image.mediaType, missing), [400, 'DIGEST_INVALID'])
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ mediaType: image.mediaType, digest: missing, size: 1 }] }
  assert.equal(await put(index, mediaTypes.index), [404, 'MANIFEST_BLOB_UNKNOWN'])
  const foreign = { ...right, layers: [{ mediaType: mediaTypes.tar, digest: missing, size: 1, urls: ['https://example.com/layer'] }] }
  const accepted = await ask('PUT', 'app/manifests/v2', { headers: { 'content-type': image.mediaType }, body: JSON.stringify(foreign) })
  assert.is(accepted.status, 201)
})

test('a tag moves where tags are mutable, and stays where they are not', async () => {
  await push('v1')
  const other = await tinyImage('x', [{ path: '/app', content: 'other' }])
  const target = { registry: registry.origin, tag: 'v1', authorization }
  await pushImage(other, { ...target, repository: 'app' })
  assert.is((await ask('HEAD', 'app/manifests/v1')).headers.get('docker-content-digest'), other.digest)
  assert.equal(registry.call('ListImages', { repositoryName: 'app', filter: { tagStatus: 'UNTAGGED' } }).imageIds.length, 1)

  registry.call('CreateRepository', { repositoryName: 'fixed', imageTagMutability: 'IMMUTABLE' })
  const image = await push('v1', 'fixed')
  const response = await ask('PUT', 'fixed/manifests/v1', { headers: { 'content-type': image.mediaType }, body: image.manifest })
  assert.is(response.status, 400)
  const error = await errorOf(response)
  assert.equal(error, {
    code: 'TAG_INVALID',
    message: "The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten because the repository is immutable.",
  })
})

test('tags and repositories are listed in pages', async () => {
  for (const tag of ['c', 'a', 'b']) await push(tag)
  const page = async (path: string): Promise<[unknown, string | null]> => {
    const response = await ask('GET', path)
    return [await response.json(), response.headers.get('link')]
  }
  assert.equal(await page('app/tags/list'), [{ name: 'app', tags: ['a', 'b', 'c'] }, null])
  assert.equal(await page('app/tags/list?n=2'), [{ name: 'app', tags: ['a', 'b'] }, '</v2/app/tags/list?n=2&last=b>; rel="next"'])
  assert.equal(await page('app/tags/list?n=2&last=b'), [{ name: 'app', tags: ['c'] }, null])
  assert.equal(await page('app/tags/list?n=0'), [{ name: 'app', tags: [] }, null])
  assert.equal(await refusal(ask('GET', 'app/tags/list?n=x')), [400, 'PAGINATION_NUMBER_INVALID'])
  assert.equal(await page('_catalog'), [{ repositories: ['app'] }, null])
})

test('what does not exist or is not supported is refused by its code', async () => {
  assert.equal(await refusal(ask('GET', 'none/tags/list')), [404, 'NAME_UNKNOWN'])
  assert.equal(await refusal(ask('POST', 'none/blobs/uploads/')), [404, 'NAME_UNKNOWN'])
  assert.equal(await refusal(ask('DELETE', 'app/manifests/v1')), [405, 'UNSUPPORTED'])
  assert.equal(await refusal(ask('DELETE', `app/blobs/${digest}`)), [405, 'UNSUPPORTED'])
  assert.equal(await refusal(ask('GET', 'app/blobs/md5:1')), [400, 'DIGEST_INVALID'])
  assert.equal(await refusal(ask('GET', 'app/manifests/-x')), [400, 'TAG_INVALID'])
  assert.equal(await refusal(ask('GET', `app/referrers/${digest}`)), [404, 'NAME_UNKNOWN'])
  assert.equal(await refusal(ask('GET', 'app/tags/%zz')), [400, 'NAME_INVALID'])
})

test('a repository that is deleted during an upload takes nothing in', async () => {
  const location = await start()
  await ask('PATCH', location, { body: blob })
  registry.call('DeleteRepository', { repositoryName: 'app', force: true })
  assert.equal(await refusal(ask('PUT', `${location}?digest=${digest}`)), [404, 'NAME_UNKNOWN'])
  assert.equal(registry.cloud.store.list('repositoryBlob'), [])
})

test('after a kill the images are there, half an upload is not, and files without a record are gone', async () => {
  await push('v1')
  await ask('PATCH', await start(), { body: 'half' })
  const stray = join(registry.folder, 'registry/blobs/sha256', '0'.repeat(64))
  writeFileSync(stray, 'renamed, but killed before the record was written')
  registry.restart()
  assert.equal([files('uploads'), files('blobs/sha256').length, existsSync(stray)], [[], 2, false])
  assert.is((await ask('GET', 'app/manifests/v1')).status, 200)
})

test('a blob whose file somebody deleted can be pushed again', async () => {
  await upload(blob)
  rmSync(join(registry.folder, 'registry/blobs/sha256', digest.slice(7)))
  assert.is((await ask('HEAD', `app/blobs/${digest}`)).status, 404)
  assert.is((await upload(blob)).status, 201)
  assert.is((await ask('HEAD', `app/blobs/${digest}`)).status, 200)
})

test('a full disk is an error that says so, and spoils nothing', () => {
  const { folder, remove } = tempFolder()
  mkdirSync(join(folder, 'disk'))
  const script = `mount -t tmpfs -o size=2m tmpfs ${folder}/disk && TMPDIR=${folder}/disk exec ${process.execPath} ${join(import.meta.dirname, 'full.fixture.ts')}`
  const ran = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], { encoding: 'utf8' })
  if (ran.error || /unshare|mount:/.test(ran.stderr)) console.log('\nskipped: this machine lets nobody mount without being root')
  else {
    const { status, message, kept, left } = JSON.parse(ran.stdout)
    assert.is(status, 507, ran.stderr)
    assert.match(message, /^No space is left on the disk that holds .*\. Nothing was changed\. Free some space there: df -h /)
    assert.equal([kept, left], [200, 0])
  }
  remove()
})

test('skopeo copies an image through it, with an index and with media types of docker', async () => {
  const skopeo = programOnPath('skopeo')
  if (!skopeo) return console.log('\nskipped: there is no skopeo on the PATH (apt-get install skopeo)')
  const { folder, remove } = tempFolder()
  const image = await push('v1')
  const credentials = `AWS:${registry.cloud.registryPassword(owner, 'us-east-1').password}`
  const run = (...args: string[]) =>
    new Promise<{ code: number; text: string }>((resolve) =>
      execFile(skopeo, args, (error, stdout, stderr) => resolve({ code: error ? 1 : 0, text: stdout + stderr })),
    )
  const source = ['--src-tls-verify=false', '--src-creds', credentials]
  const destination = ['--dest-tls-verify=false', '--dest-creds', credentials]
  const down = await run('copy', ...source, `docker://${registry.host}/app:v1`, `oci:${folder}/layout:v1`)
  assert.is(down.code, 0, down.text)
  const up = await run('copy', '--format', 'v2s2', ...destination, `oci:${folder}/layout:v1`, `docker://${registry.host}/app:v2`)
  assert.is(up.code, 0, up.text)
  const again = await run(
    'copy',
    '--all',
    '--preserve-digests',
    ...source,
    ...destination,
    `docker://${registry.host}/app:v1`,
    `docker://${registry.host}/app:v3`,
  )
  assert.is(again.code, 0, again.text)
  assert.is((await ask('HEAD', 'app/manifests/v3')).headers.get('docker-content-digest'), image.digest)
  assert.is((await ask('HEAD', 'app/manifests/v2')).headers.get('content-type'), 'application/vnd.docker.distribution.manifest.v2+json')
  const seen = await run('inspect', '--tls-verify=false', '--creds', credentials, '--config', `docker://${registry.host}/app:v2`)
  assert.is(JSON.parse(seen.text).architecture, bare.config.architecture)
  remove()
})

test('podman pulls an image from it by tag and by digest', async () => {
  const podman = programOnPath('podman')
  if (!podman) return console.log('\nskipped: there is no podman on the PATH (apt-get install podman)')
  const { folder, remove } = tempFolder()
  const image = await push('for-podman')
  const credentials = `AWS:${registry.cloud.registryPassword(owner, 'us-east-1').password}`
  // A store of its own, by the driver that works in every container and on every file system.
  const store = ['--root', `${folder}/root`, '--runroot', `${folder}/run`, '--storage-driver', 'vfs']
  const run = (...args: string[]) => promisify(execFile)(podman, [...store, ...args])
  for (const reference of [`${registry.host}/app:for-podman`, `${registry.host}/app@${image.digest}`])
    await run('pull', '--quiet', '--tls-verify=false', '--creds', credentials, reference)
  const { stdout } = await run('image', 'inspect', `${registry.host}/app:for-podman`)
  const [seen] = JSON.parse(stdout) as { Digest: string; Architecture: string }[]
  assert.equal([seen!.Digest, seen!.Architecture], [image.digest, bare.config.architecture])
  remove()
})

test.run()
