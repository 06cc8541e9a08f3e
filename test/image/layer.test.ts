import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../src/image/blob.ts'
import { type Entry, fileLayer, memoryLayer } from '../../src/image/layer.ts'
import { failureOf, tempFolder, untar } from '../support/tiny-image.ts'

const entries: Entry[] = [
  { path: '/b/file', content: 'text', mode: 0o600, uid: 5, gid: 6 },
  { path: '/a', directory: true, mode: 0o1777 },
  { path: '/link', symlink: '/b/file' },
]

test('a layer holds its entries sorted, at the epoch, with mode and owner, and nothing of this machine', async () => {
  const layer = await memoryLayer(entries)
  const shown = (await untar(layer)).map(({ header: { name, type, mode, uid, gid, mtime, linkname, uname }, text }) => ({
    name,
    type,
    mode,
    owner: `${uid}:${gid}`,
    mtime: mtime?.getTime(),
    linkname,
    uname,
    text,
  }))
  const common = { mtime: 0, linkname: null, uname: '', text: '' }
  assert.equal(shown, [
    { ...common, name: 'a/', type: 'directory', mode: 0o1777, owner: '0:0' },
    { ...common, name: 'b/file', type: 'file', mode: 0o600, owner: '5:6', text: 'text' },
    { ...common, name: 'link', type: 'symlink', mode: 0o777, owner: '0:0', linkname: '/b/file' },
  ])
})

test('the order in which entries are given does not matter', async () => {
  assert.is((await memoryLayer(entries)).digest, (await memoryLayer(entries.toReversed())).digest)
})

test('the bytes are the ones that every machine makes', async () => {
  assert.is((await memoryLayer(entries)).digest, 'sha256:7ed60b3a766d13ad91f19c9a87e43c9c86140870f36cbdb20fd0384053bf6552')
})

test('a layer is not compressed, so its digest is its diffID', async () => {
  const layer = await memoryLayer(entries)
  assert.is(layer.mediaType, 'application/vnd.oci.image.layer.v1.tar')
  assert.is(layer.diffId, layer.digest)
  const bytes = await buffer(await layer.open())
  assert.is(digestOf(bytes), layer.digest)
  assert.is(bytes.length, layer.size)
})

test('a layer in a file has the digest that the same layer has in memory', async () => {
  const { folder, remove } = tempFolder({ source: 'x'.repeat(3_000_000) })
  const fromFile: Entry[] = [...entries, { path: '/big', file: join(folder, 'source'), size: 3_000_000 }]
  const layer = await fileLayer(fromFile, join(folder, 'cache', 'layer.tar'))
  const inMemory = await memoryLayer([...entries, { path: '/big', content: 'x'.repeat(3_000_000) }])
  assert.is(layer.digest, inMemory.digest)
  assert.is(layer.size, statSync(join(folder, 'cache', 'layer.tar')).size)
  assert.is(digestOf(await buffer(await layer.open())), layer.digest)
  assert.is(digestOf(await buffer(await layer.open())), layer.digest, 'it can be opened again')
  remove()
})

test('a file that is not what it was said to be leaves no layer behind', async () => {
  const { folder, remove } = tempFolder()
  writeFileSync(join(folder, 'short'), 'abc')
  const error = await failureOf(() => fileLayer([{ path: '/short', file: join(folder, 'short'), size: 10 }], join(folder, 'layer.tar')))
  assert.match(error.message, /Size mismatch/)
  assert.not(statSync(join(folder, 'layer.tar'), { throwIfNoEntry: false }))
  const missing = await failureOf(() => fileLayer([{ path: '/none', file: join(folder, 'none'), size: 10 }], join(folder, 'layer.tar')))
  assert.match(missing.message, /ENOENT/)
  remove()
})

test.run()
