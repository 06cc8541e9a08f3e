import type { Call, Service } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { batchCheckLayerAvailability, batchDeleteImage, batchGetImage, describeImages, listImages } from './ecr-images.ts'
import { asList, checkName, checkTags, invalid, ownRegistry, pageOf } from './ecr-input.ts'
import { deleteLifecyclePolicy, getLifecyclePolicy, putLifecyclePolicy } from './ecr-lifecycle.ts'
import { arnOf, type ImageRepository, imagesOf, removeRepository, repositoryOf } from './repository.ts'

interface Named {
  registryId?: string
  repositoryName: string
}

/** Elastic Container Registry: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html */
export const ecr: Service = {
  CreateRepository: createRepository,
  DescribeRepositories: describeRepositories,
  DeleteRepository: deleteRepository,
  PutImageTagMutability: putImageTagMutability,
  PutImageScanningConfiguration: putImageScanningConfiguration,
  PutLifecyclePolicy: putLifecyclePolicy,
  GetLifecyclePolicy: getLifecyclePolicy,
  DeleteLifecyclePolicy: deleteLifecyclePolicy,
  ListTagsForResource: listTagsForResource,
  TagResource: tagResource,
  UntagResource: untagResource,
  GetAuthorizationToken: getAuthorizationToken,
  DescribeImages: describeImages,
  ListImages: listImages,
  BatchGetImage: batchGetImage,
  BatchDeleteImage: batchDeleteImage,
  BatchCheckLayerAvailability: batchCheckLayerAvailability,
}

interface CreateInput extends Named {
  tags?: Tag[]
  imageTagMutability?: string
  imageScanningConfiguration?: { scanOnPush?: boolean }
  encryptionConfiguration?: { encryptionType?: string }
}

function createRepository(input: CreateInput, { cloud, caller }: Call): unknown {
  const name = checkName(input.repositoryName)
  cloud.authorize(caller, 'ecr:CreateRepository', arnOf(cloud, name))
  ownRegistry(cloud, input, name)
  if (!['AES256', undefined].includes(input.encryptionConfiguration?.encryptionType)) {
    throw invalid('encryptionConfiguration', 'the embedded cloud has no KMS: encryptionType must be AES256')
  }
  const repository: ImageRepository = {
    repositoryName: name,
    repositoryArn: arnOf(cloud, name),
    createdAt: Date.now() / 1000,
    imageTagMutability: mutability(input.imageTagMutability ?? 'MUTABLE'),
    imageScanningConfiguration: { scanOnPush: input.imageScanningConfiguration?.scanOnPush === true },
    tags: checkTags(input.tags ?? []),
  }
  cloud.store.transaction(() => {
    if (cloud.store.get('repository', name)) {
      const words = `The repository with name '${name}' already exists in the registry with id '${cloud.accountId}'`
      throw new ApiError('RepositoryAlreadyExistsException', words)
    }
    cloud.store.put('repository', name, repository)
  })
  return { repository: shown(repository, { cloud }) }
}

interface DescribeInput {
  registryId?: string
  repositoryNames?: string[]
  nextToken?: string
  maxResults?: number
}

function describeRepositories(input: DescribeInput, { cloud, caller }: Call): unknown {
  const names = asList<string>(input.repositoryNames, 'repositoryNames', 100)
  for (const name of names ?? ['*']) cloud.authorize(caller, 'ecr:DescribeRepositories', name === '*' ? '*' : arnOf(cloud, name))
  if (names && (input.nextToken !== undefined || input.maxResults !== undefined)) {
    throw invalid('repositoryNames', 'nextToken and maxResults cannot be used together with repositoryNames')
  }
  if (names) {
    ownRegistry(cloud, input, names[0] ?? '')
    return { repositories: names.map((name) => shown(repositoryOf(cloud, name), { cloud })) }
  }
  ownRegistry(cloud, input, '*')
  const { page, nextToken } = pageOf(cloud.store.list('repository'), input)
  return { repositories: page.map((repository) => shown(repository, { cloud })), nextToken }
}

function deleteRepository(input: Named & { force?: boolean }, { cloud, caller }: Call): unknown {
  const name = checkName(input.repositoryName)
  cloud.authorize(caller, 'ecr:DeleteRepository', arnOf(cloud, name))
  ownRegistry(cloud, input, name)
  const repository = repositoryOf(cloud, name)
  if (input.force !== true && imagesOf(cloud.store, name).length > 0) {
    const words = `The repository with name '${name}' in registry with id '${cloud.accountId}' cannot be deleted because it still contains images`
    throw new ApiError('RepositoryNotEmptyException', words)
  }
  removeRepository(cloud, repository)
  return { repository: shown(repository, { cloud }) }
}

function putImageTagMutability(input: Named & { imageTagMutability?: string }, { cloud, caller }: Call): unknown {
  const name = checkName(input.repositoryName)
  cloud.authorize(caller, 'ecr:PutImageTagMutability', arnOf(cloud, name))
  ownRegistry(cloud, input, name)
  const imageTagMutability = mutability(input.imageTagMutability)
  cloud.store.put('repository', name, { ...repositoryOf(cloud, name), imageTagMutability })
  return { registryId: cloud.accountId, repositoryName: name, imageTagMutability }
}

type ScanningInput = Named & { imageScanningConfiguration?: { scanOnPush?: boolean } }

function putImageScanningConfiguration(input: ScanningInput, { cloud, caller }: Call): unknown {
  const name = checkName(input.repositoryName)
  cloud.authorize(caller, 'ecr:PutImageScanningConfiguration', arnOf(cloud, name))
  ownRegistry(cloud, input, name)
  const imageScanningConfiguration = { scanOnPush: input.imageScanningConfiguration?.scanOnPush === true }
  cloud.store.put('repository', name, { ...repositoryOf(cloud, name), imageScanningConfiguration })
  return { registryId: cloud.accountId, repositoryName: name, imageScanningConfiguration }
}

function listTagsForResource(input: { resourceArn: string }, { cloud, caller }: Call): unknown {
  cloud.authorize(caller, 'ecr:ListTagsForResource', String(input.resourceArn))
  return { tags: byArn(cloud, input.resourceArn).tags }
}

function tagResource(input: { resourceArn: string; tags: Tag[] }, { cloud, caller }: Call): unknown {
  cloud.authorize(caller, 'ecr:TagResource', String(input.resourceArn))
  const repository = byArn(cloud, input.resourceArn)
  const added = checkTags(input.tags)
  const kept = repository.tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key))
  cloud.store.put('repository', repository.repositoryName, { ...repository, tags: checkTags([...kept, ...added]) })
  return {}
}

function untagResource(input: { resourceArn: string; tagKeys: string[] }, { cloud, caller }: Call): unknown {
  cloud.authorize(caller, 'ecr:UntagResource', String(input.resourceArn))
  const repository = byArn(cloud, input.resourceArn)
  const keys = asList<string>(input.tagKeys, 'tagKeys', 200) ?? []
  cloud.store.put('repository', repository.repositoryName, {
    ...repository,
    tags: repository.tags.filter(({ Key }) => !keys.includes(Key)),
  })
  return {}
}

function getAuthorizationToken(_input: object, { cloud, caller }: Call): unknown {
  cloud.authorize(caller, 'ecr:GetAuthorizationToken', '*')
  const { password, expiresAt } = cloud.registryPassword(caller)
  const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64')
  return { authorizationData: [{ authorizationToken, expiresAt: expiresAt.getTime() / 1000, proxyEndpoint: cloud.endpoint }] }
}

/** A repository as the API shows it. */
function shown(repository: ImageRepository, { cloud }: Pick<Call, 'cloud'>): object {
  const { tags: _tags, lifecyclePolicyText: _policy, ...facts } = repository
  const repositoryUri = `${new URL(cloud.endpoint).host}/${repository.repositoryName}`
  return { ...facts, registryId: cloud.accountId, repositoryUri, encryptionConfiguration: { encryptionType: 'AES256' } }
}

function byArn(cloud: Call['cloud'], arn: unknown): ImageRepository {
  const prefix = arnOf(cloud, '')
  if (typeof arn !== 'string' || !arn.startsWith(prefix))
    throw invalid('resourceArn', 'must be the ARN of a repository of this account and region')
  return repositoryOf(cloud, arn.slice(prefix.length))
}

function mutability(text: unknown): 'MUTABLE' | 'IMMUTABLE' {
  if (text === 'MUTABLE' || text === 'IMMUTABLE') return text
  throw invalid('imageTagMutability', 'Member must satisfy enum value set: [MUTABLE, IMMUTABLE]')
}
