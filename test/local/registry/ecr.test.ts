import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Image } from '../../../src/image/blob.ts'
import { pushImage } from '../../../src/image/registry/push.ts'
import type { ApiError } from '../../../src/local/cloud.ts'
import { puller, type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { tinyImage } from '../../support/tiny-image.ts'

let registry: RunningRegistry

test.before.each(async () => {
  registry = await startRegistry()
})

test.after.each(() => registry.close())

/** The error of a call, as `Code: message`. */
function refused(action: string, input: object, caller?: typeof puller): string {
  try {
    registry.call(action, input, caller)
  } catch (error) {
    return `${(error as ApiError).code}: ${(error as Error).message}`
  }
  throw new Error(`${action} was not refused`)
}

const push = async (repository: string, tag: string, text = tag): Promise<Image> => {
  const image = await tinyImage('x', [{ path: '/base', content: 'base' }], [{ path: '/app', content: text }])
  await pushImage(image, { registry: registry.origin, repository, tag, authorization: registry.authorization() })
  return image
}

const files = (): string[] => {
  const folder = join(registry.folder, 'registry/blobs/sha256')
  return existsSync(folder) ? readdirSync(folder) : []
}

test('a repository is created with everything that AWS shows of it', () => {
  const input = {
    repositoryName: 'mlops/prod/ml-inference',
    imageTagMutability: 'IMMUTABLE',
    imageScanningConfiguration: { scanOnPush: true },
    tags: [{ Key: 'mlops:app', Value: 'mlops' }],
  }
  const { repository } = registry.call('CreateRepository', input)
  const { createdAt, ...facts } = repository
  assert.ok(Math.abs(createdAt - Date.now() / 1000) < 5, 'seconds since the epoch')
  assert.equal(facts, {
    repositoryName: 'mlops/prod/ml-inference',
    repositoryArn: 'arn:aws:ecr:us-east-1:000000000000:repository/mlops/prod/ml-inference',
    registryId: '000000000000',
    repositoryUri: `${registry.host}/mlops/prod/ml-inference`,
    imageTagMutability: 'IMMUTABLE',
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: { encryptionType: 'AES256' },
  })
  assert.equal(registry.call('DescribeRepositories', {}).repositories, [repository])
  assert.equal(registry.call('ListTagsForResource', { resourceArn: repository.repositoryArn }), { tags: input.tags })
})

test('names, tags and settings that AWS would refuse are refused in its words', () => {
  const constraint = (parameter: string, rule: string) =>
    `InvalidParameterException: Invalid parameter at '${parameter}' failed to satisfy constraint: '${rule}'`
  const pattern = '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'
  const create = (input: object) => refused('CreateRepository', { repositoryName: 'app', ...input })
  assert.is(create({ repositoryName: 'App' }), constraint('repositoryName', `must satisfy regular expression '${pattern}'`))
  assert.is(create({ repositoryName: 'a' }), constraint('repositoryName', 'must have length greater than or equal to 2'))
  assert.is(create({ repositoryName: 'a'.repeat(257) }), constraint('repositoryName', 'must have length less than or equal to 256'))
  assert.is(create({ repositoryName: undefined }), constraint('repositoryName', 'Member must not be null'))
  assert.match(create({ imageTagMutability: 'SOMETIMES' }), /^InvalidParameterException: .*imageTagMutability/)
  assert.match(create({ encryptionConfiguration: { encryptionType: 'KMS' } }), /^InvalidParameterException: .*KMS/)
  assert.match(create({ tags: [{ Key: 'aws:x', Value: '' }] }), /^InvalidTagParameterException/)
  assert.match(create({ tags: [{ Key: 'a' }] }), /^InvalidTagParameterException/)
  assert.match(create({ tags: 'a' }), /^InvalidParameterException/)
  assert.match(create({ tags: ['1', '2'].map((Value) => ({ Key: 'a', Value })) }), /^InvalidTagParameterException: .*twice/)
  assert.match(create({ tags: Array.from({ length: 51 }, (_, n) => ({ Key: `${n}`, Value: '' })) }), /^TooManyTagsException/)
  assert.equal(registry.call('DescribeRepositories', {}).repositories, [], 'nothing was created')
})

test('a name is given once', () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const words = "RepositoryAlreadyExistsException: The repository with name 'app' already exists in the registry with id '000000000000'"
  assert.is(refused('CreateRepository', { repositoryName: 'app' }), words)
})

test('repositories are described by name or in pages', () => {
  const names = ['aa', 'bb', 'cc', 'dd', 'ee']
  for (const repositoryName of names) registry.call('CreateRepository', { repositoryName })
  const seen: string[] = []
  let nextToken: string | undefined
  do {
    const page = registry.call('DescribeRepositories', { maxResults: 2, nextToken })
    seen.push(...page.repositories.map(({ repositoryName }: { repositoryName: string }) => repositoryName))
    nextToken = page.nextToken
  } while (nextToken)
  assert.equal(seen, names)
  assert.is(registry.call('DescribeRepositories', { repositoryNames: ['cc'] }).repositories[0].repositoryName, 'cc')
  const missing = "RepositoryNotFoundException: The repository with name 'xx' does not exist in the registry with id '000000000000'"
  assert.is(refused('DescribeRepositories', { repositoryNames: ['cc', 'xx'] }), missing)
  assert.is(refused('DescribeRepositories', { repositoryNames: ['cc'], registryId: '1' }).split(':')[0], 'RepositoryNotFoundException')
  for (const input of [
    { maxResults: 0 },
    { maxResults: 1001 },
    { nextToken: 'x' },
    { repositoryNames: [] },
    { repositoryNames: ['cc'], maxResults: 1 },
  ]) {
    assert.match(refused('DescribeRepositories', input), /^InvalidParameterException/, JSON.stringify(input))
  }
})

test('a repository with images goes only by force, and takes its blobs along', async () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  registry.call('CreateRepository', { repositoryName: 'other' })
  await push('app', 'v1')
  await push('other', 'v1')
  assert.match(
    refused('DeleteRepository', { repositoryName: 'app' }),
    /^RepositoryNotEmptyException: The repository with name 'app' in registry with id '000000000000' cannot be deleted because it still contains images$/,
  )
  assert.is(registry.call('DeleteRepository', { repositoryName: 'app', force: true }).repository.repositoryName, 'app')
  assert.is(files().length, 3, 'the other repository has them still')
  registry.call('DeleteRepository', { repositoryName: 'other', force: true })
  assert.equal(files(), [])
  assert.match(refused('DeleteRepository', { repositoryName: 'app' }), /^RepositoryNotFoundException/)
  for (const kind of ['repositoryImage', 'repositoryBlob', 'repository'] as const) assert.equal(registry.cloud.store.list(kind), [])
})

test('tags are added, replaced and removed', () => {
  const { repository } = registry.call('CreateRepository', { repositoryName: 'app', tags: [{ Key: 'a', Value: '1' }] })
  const resourceArn = repository.repositoryArn
  registry.call('TagResource', { resourceArn, tags: [{ Key: 'a', Value: '2' }, { Key: 'b', Value: '3' }] }) // biome-ignore format: one line
  assert.equal(registry.call('ListTagsForResource', { resourceArn }).tags, [{ Key: 'a', Value: '2' }, { Key: 'b', Value: '3' }]) // biome-ignore format: one line
  registry.call('UntagResource', { resourceArn, tagKeys: ['a'] })
  assert.equal(registry.call('ListTagsForResource', { resourceArn }).tags, [{ Key: 'b', Value: '3' }])
  assert.match(refused('ListTagsForResource', { resourceArn: 'arn:aws:ecr:x' }), /^InvalidParameterException/)
  assert.match(refused('ListTagsForResource', { resourceArn: `${resourceArn}x` }), /^RepositoryNotFoundException/)
})

test('a lifecycle policy is checked, kept and given back', () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const rule = {
    rulePriority: 1,
    description: 'keep the last thirty images',
    selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 30 },
    action: { type: 'expire' },
  }
  const text = (...rules: object[]) => JSON.stringify({ rules })
  const put = (lifecyclePolicyText: unknown) => refused('PutLifecyclePolicy', { repositoryName: 'app', lifecyclePolicyText })
  assert.is(
    refused('GetLifecyclePolicy', { repositoryName: 'app' }),
    "LifecyclePolicyNotFoundException: Lifecycle policy does not exist for the repository with name 'app' in the registry with id '000000000000'",
  )
  const kept = { registryId: '000000000000', repositoryName: 'app', lifecyclePolicyText: text(rule) }
  assert.equal(registry.call('PutLifecyclePolicy', { repositoryName: 'app', lifecyclePolicyText: text(rule) }), kept)
  assert.equal(registry.call('GetLifecyclePolicy', { repositoryName: 'app' }), kept)
  assert.match(put(undefined), /must not be null/)
  assert.match(put('{}'), /greater than or equal to 100/)
  assert.match(put(' '.repeat(30_721)), /less than or equal to 30720/)
  const wrong: [unknown, RegExp][] = [
    ['x'.repeat(100), /not JSON/],
    [`{"rules":[]}${' '.repeat(100)}`, /must be a list that is not empty/],
    [text(rule, rule), /must be unique/],
    [text({ ...rule, rulePriority: 0 }), /positive integer/],
    [text({ ...rule, action: { type: 'keep' } }), /must be expire/],
    [text({ ...rule, selection: { ...rule.selection, tagStatus: 'some' } }), /tagStatus/],
    [text({ ...rule, selection: { ...rule.selection, tagStatus: 'tagged' } }), /tagPrefixList/],
    [text({ ...rule, selection: { ...rule.selection, countType: 'never' } }), /countType/],
    [text({ ...rule, selection: { ...rule.selection, countUnit: 'days' } }), /countUnit/],
    [text({ ...rule, selection: { ...rule.selection, countNumber: 0 } }), /countNumber/],
  ]
  for (const [policy, words] of wrong) assert.match(put(policy), words)
  assert.is(registry.call('GetLifecyclePolicy', { repositoryName: 'app' }).lifecyclePolicyText, text(rule), 'the old one stands')
  assert.is(registry.call('DeleteLifecyclePolicy', { repositoryName: 'app' }).lifecyclePolicyText, text(rule))
  assert.match(refused('DeleteLifecyclePolicy', { repositoryName: 'app' }), /^LifecyclePolicyNotFoundException/)
})

test('the settings of a repository can be changed', () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  registry.call('PutImageTagMutability', { repositoryName: 'app', imageTagMutability: 'IMMUTABLE' })
  registry.call('PutImageScanningConfiguration', { repositoryName: 'app', imageScanningConfiguration: { scanOnPush: true } })
  const [repository] = registry.call('DescribeRepositories', {}).repositories
  assert.is(repository.imageTagMutability, 'IMMUTABLE')
  assert.equal(repository.imageScanningConfiguration, { scanOnPush: true })
})

test('the login is for the registry at the endpoint and ends in twelve hours', () => {
  const { authorizationToken, expiresAt, proxyEndpoint } = registry.call('GetAuthorizationToken', {}).authorizationData[0]
  assert.match(Buffer.from(authorizationToken, 'base64').toString(), /^AWS:.{20}/)
  assert.ok(Math.abs(expiresAt - Date.now() / 1000 - 43_200) < 10)
  assert.is(proxyEndpoint, registry.origin)
})

test('images are described and listed with their tags, by id, by status and in pages', async () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const [one, two] = [await push('app', 'v1'), await push('app', 'v2')]
  const ofOne = { imageDigest: one.digest }
  await push('app', 'v1', 'moved')
  const { imageDetails } = registry.call('DescribeImages', { repositoryName: 'app' })
  assert.equal(imageDetails.map(({ imageDigest, imageTags }: Record<string, unknown>) => [imageDigest, imageTags]).slice(0, 2), [
    [one.digest, undefined],
    [two.digest, ['v2']],
  ])
  const [details] = registry.call('DescribeImages', { repositoryName: 'app', imageIds: [ofOne] }).imageDetails
  assert.is(details.imageSizeInBytes, one.manifest.length + one.config.size + one.layers[0]!.size + one.layers[1]!.size)
  assert.is(details.imageManifestMediaType, 'application/vnd.oci.image.manifest.v1+json')
  const list = (input: object) => registry.call('ListImages', { repositoryName: 'app', ...input })
  assert.equal(list({ filter: { tagStatus: 'UNTAGGED' } }).imageIds, [ofOne])
  assert.is(list({ filter: { tagStatus: 'TAGGED' } }).imageIds.length, 2)
  const first = list({ maxResults: 2 })
  assert.is(first.imageIds.length, 2)
  assert.is(list({ nextToken: first.nextToken }).imageIds.length, 1)
  assert.match(refused('ListImages', { repositoryName: 'app', filter: { tagStatus: 'x' } }), /^InvalidParameterException/)
  assert.match(refused('DescribeImages', { repositoryName: 'app', imageIds: [ofOne], maxResults: 1 }), /^InvalidParameterException/)
  assert.is(
    refused('DescribeImages', { repositoryName: 'app', imageIds: [{ imageTag: 'v9' }] }),
    "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository with name 'app' in the registry with id '000000000000'",
  )
})

test('BatchGetImage gives what is there and tells what is missing, without throwing', async () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const image = await push('app', 'v1')
  const digest = `sha256:${'0'.repeat(64)}`
  const imageIds = [{ imageTag: 'v1' }, { imageDigest: digest }, {}, { imageDigest: 'x' }, { imageTag: 'v1', imageDigest: digest }]
  const { images, failures } = registry.call('BatchGetImage', { repositoryName: 'app', imageIds })
  assert.equal(images, [
    {
      registryId: '000000000000',
      repositoryName: 'app',
      imageId: { imageDigest: image.digest, imageTag: 'v1' },
      imageManifest: image.manifest.toString(),
      imageManifestMediaType: image.mediaType,
    },
  ])
  assert.equal(
    failures.map(({ failureCode }: { failureCode: string }) => failureCode),
    ['ImageNotFound', 'MissingDigestAndTag', 'InvalidImageDigest', 'ImageNotFound'],
  )
  assert.equal(failures[0], { imageId: { imageDigest: digest }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' })
  for (const ids of [undefined, [], Array.from({ length: 101 }, () => ({ imageTag: 'a' }))]) {
    assert.match(refused('BatchGetImage', { repositoryName: 'app', imageIds: ids }), /^InvalidParameterException/)
  }
  assert.match(refused('BatchGetImage', { repositoryName: 'none', imageIds }), /^RepositoryNotFoundException/)
})

test('deleting a tag keeps the image while it has another, deleting the last one or the digest frees its blobs', async () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const one = await push('app', 'v1')
  await push('app', 'v2')
  const put = {
    method: 'PUT',
    headers: { 'content-type': one.mediaType, authorization: registry.authorization() },
    body: Uint8Array.from(one.manifest),
  }
  assert.is((await fetch(`${registry.origin}/v2/app/manifests/also`, put)).status, 201)
  const remove = (...imageIds: object[]) => registry.call('BatchDeleteImage', { repositoryName: 'app', imageIds })
  assert.equal(remove({ imageTag: 'v1' }), { imageIds: [{ imageDigest: one.digest, imageTag: 'v1' }], failures: [] })
  assert.is(files().length, 5)
  assert.equal(remove({ imageTag: 'also' }).imageIds, [{ imageDigest: one.digest, imageTag: 'also' }])
  assert.is(files().length, 3, 'the base that both share stays')
  const [{ imageDigest }] = registry.call('ListImages', { repositoryName: 'app' }).imageIds
  const answer = remove({ imageDigest }, { imageTag: 'v9' }, {})
  assert.equal(answer.imageIds, [{ imageDigest, imageTag: 'v2' }])
  assert.equal(
    answer.failures.map(({ failureCode }: { failureCode: string }) => failureCode),
    ['ImageNotFound', 'MissingDigestAndTag'],
  )
  assert.equal(files(), [])
})

test('an image that an index lists cannot be deleted before the index', async () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const image = await push('app', 'v1')
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const manifests = [
    { mediaType: image.mediaType, digest: image.digest, size: image.manifest.length, platform: { os: 'linux', architecture: 'amd64' } },
  ]
  const authorization = registry.authorization()
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests })
  const response = await fetch(`${registry.origin}/v2/app/manifests/index`, {
    method: 'PUT',
    headers: { 'content-type': mediaType, authorization },
    body,
  })
  assert.is(response.status, 201)
  const remove = (imageTag: string) => registry.call('BatchDeleteImage', { repositoryName: 'app', imageIds: [{ imageTag }] })
  assert.is(remove('v1').failures[0].failureCode, 'ImageReferencedByManifestList')
  assert.equal(remove('index').failures, [])
  assert.equal(remove('v1').failures, [])
})

test('layers are said to be available in the repository that got them', async () => {
  for (const repositoryName of ['app', 'other']) registry.call('CreateRepository', { repositoryName })
  const [layer] = (await push('app', 'v1')).layers
  const check = (repositoryName: string) =>
    registry.call('BatchCheckLayerAvailability', { repositoryName, layerDigests: [layer!.digest, 'x'] })
  assert.equal(check('app'), {
    layers: [{ layerDigest: layer!.digest, layerAvailability: 'AVAILABLE', layerSize: layer!.size }],
    failures: [{ layerDigest: 'x', failureCode: 'InvalidLayerDigest', failureReason: 'Invalid layer digest' }],
  })
  assert.equal(check('other').layers, [{ layerDigest: layer!.digest, layerAvailability: 'UNAVAILABLE' }])
  assert.match(refused('BatchCheckLayerAvailability', { repositoryName: 'app' }), /^InvalidParameterException/)
})

test('a role may do what its policies say, in every action', () => {
  registry.call('CreateRepository', { repositoryName: 'app' })
  const resourceArn = 'arn:aws:ecr:us-east-1:000000000000:repository/app'
  const common = {
    repositoryName: 'app',
    repositoryNames: ['app'],
    resourceArn,
    tags: [],
    tagKeys: ['a'],
    imageIds: [{ imageTag: 'a' }],
    layerDigests: ['a'],
  }
  const denied = [
    'CreateRepository DescribeRepositories DeleteRepository PutImageTagMutability PutImageScanningConfiguration PutLifecyclePolicy GetLifecyclePolicy',
    'DeleteLifecyclePolicy ListTagsForResource TagResource UntagResource DescribeImages ListImages BatchDeleteImage BatchCheckLayerAvailability',
  ].join(' ')
  for (const action of denied.split(' '))
    assert.match(refused(action, common, puller), new RegExp(`^AccessDenied: .*ecr:${action} on resource: ${resourceArn}`))
  assert.ok(registry.call('GetAuthorizationToken', {}, puller).authorizationData)
  assert.is(registry.call('BatchGetImage', { repositoryName: 'app', imageIds: [{ imageTag: 'a' }] }, puller).failures.length, 1)
})

test.run()
