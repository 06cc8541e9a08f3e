import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bytesBlob } from '../../../src/image/blob.ts'
import { artifactOf } from '../../../src/image/manifest.ts'
import { pullContent } from '../../../src/image/registry/pull.ts'
import { pushImage, type Target } from '../../../src/image/registry/push.ts'
import { startRegistry } from '../../support/registry.ts'
import { failureOf } from '../../support/tiny-image.ts'

const registry = await startRegistry()
test.after(() => registry.close())
test.before.each(() => registry.interfere(() => false))
registry.call('CreateRepository', { repositoryName: 'app/notes', imageTagMutability: 'IMMUTABLE' })
const target: Target = { registry: registry.origin, repository: 'app/notes', authorization: registry.authorization() }

const note = (text: string) =>
  artifactOf('note', bytesBlob(Buffer.from('{}'), 'application/note.config+json'), [bytesBlob(Buffer.from(text), 'application/note')])

test('what is no image is kept like one and comes back as it was, with its media type', async () => {
  const artifact = note('remember')
  assert.is((await pushImage(artifact, target)).uploadedBlobs, 2)
  const { mediaType, content } = await pullContent(target, artifact.digest, 'no note')
  assert.equal([mediaType, content.toString()], ['application/note', 'remember'])
  const [described] = registry.call('DescribeImages', { repositoryName: 'app/notes' }).imageDetails
  assert.equal([described.imageDigest, described.artifactMediaType], [artifact.digest, 'application/note.config+json'])
})

test('a further one of the same kind uploads its content and nothing else', async () => {
  const pushed = await pushImage(note('remember more'), target)
  assert.equal([pushed.uploadedBlobs, pushed.presentBlobs], [1, 1])
})

test('what the registry does not have is a failure that says what was wanted', async () => {
  const failure = await failureOf(() => pullContent(target, `sha256:${'0'.repeat(64)}`, 'The note could not be read'))
  assert.match(failure.message, /^The note could not be read: 404 MANIFEST_UNKNOWN/)
})

test('a content that comes changed is asked for again, and never given', async () => {
  const artifact = note('the truth')
  await pushImage(artifact, target)
  let spoilt = 0
  registry.interfere(({ url }, response) => {
    if (!url!.includes('/blobs/') || spoilt === 2) return false
    spoilt++
    response.end('not the truth')
    return true
  })
  const { content } = await pullContent(target, artifact.digest, 'no note')
  assert.equal([content.toString(), spoilt], ['the truth', 2])
})

test.run()
