import type * as sdk from '@aws-sdk/client-ecr'
import { type Action, ApiError, type Call, type Cloud, type Service } from '../cloud.ts'
import { requestTags } from '../iam/permission.ts'
import type { ImageRepository } from '../records.ts'
import { imageActions } from './ecr-images.ts'
import { asList, checkName, ecrTags, invalid, ownRegistry, pageOf, type RepositoryAction, subjectOf } from './ecr-input.ts'
import { lifecycleActions } from './ecr-lifecycle.ts'
import { arnOf, imagesOf, removeRepository, repositoryOf } from './repository.ts'

/** Actions about one repository, which must be there: see `subjectOf`. */
const repositoryActions: Readonly<Record<string, RepositoryAction>> = {
  ...imageActions,
  ...lifecycleActions,

  DeleteRepository({ force }: sdk.DeleteRepositoryRequest, { cloud, name, repository }) {
    if (force !== true && imagesOf(cloud.store, name).length > 0) {
      const words = `The repository with name '${name}' in registry with id '${cloud.accountId}' cannot be deleted because it still contains images`
      throw new ApiError('RepositoryNotEmptyException', words)
    }
    removeRepository(cloud, repository)
    return { repository: shown(repository, cloud) }
  },

  PutImageTagMutability(input: sdk.PutImageTagMutabilityRequest, { cloud, name, repository }) {
    const imageTagMutability = mutability(input.imageTagMutability)
    cloud.store.put('repository', name, { ...repository, imageTagMutability })
    return { registryId: cloud.accountId, repositoryName: name, imageTagMutability }
  },

  PutImageScanningConfiguration(input: sdk.PutImageScanningConfigurationRequest, { cloud, name, repository }) {
    const imageScanningConfiguration = { scanOnPush: input.imageScanningConfiguration?.scanOnPush === true }
    cloud.store.put('repository', name, { ...repository, imageScanningConfiguration })
    return { registryId: cloud.accountId, repositoryName: name, imageScanningConfiguration }
  },
}

/** Elastic Container Registry: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html */
export const ecr: Service = {
  ...Object.fromEntries(
    Object.entries(repositoryActions).map(([name, work]): [string, Action] => [name, (input, call) => work(input, subjectOf(input, call))]),
  ),

  CreateRepository(input: sdk.CreateRepositoryRequest, { cloud, caller }) {
    const name = checkName(input.repositoryName)
    const given = ecrTags([], input.tags ?? [])
    const tags = requestTags(given)
    cloud.authorize(caller, 'ecr:CreateRepository', arnOf(cloud, name), tags)
    if (given.length > 0) cloud.authorize(caller, 'ecr:TagResource', arnOf(cloud, name), tags)
    ownRegistry(cloud, input, name)
    if (!['AES256', undefined].includes(input.encryptionConfiguration?.encryptionType))
      throw invalid('encryptionConfiguration', 'the embedded cloud has no KMS: encryptionType must be AES256')
    const repository: ImageRepository = {
      repositoryName: name,
      repositoryArn: arnOf(cloud, name),
      createdAt: Date.now() / 1000,
      imageTagMutability: mutability(input.imageTagMutability ?? 'MUTABLE'),
      imageScanningConfiguration: { scanOnPush: input.imageScanningConfiguration?.scanOnPush === true },
      tags: given,
    }
    cloud.store.transaction(() => {
      if (cloud.store.get('repository', name)) {
        const words = `The repository with name '${name}' already exists in the registry with id '${cloud.accountId}'`
        throw new ApiError('RepositoryAlreadyExistsException', words)
      }
      cloud.store.put('repository', name, repository)
    })
    return { repository: shown(repository, cloud) }
  },

  DescribeRepositories(input: sdk.DescribeRepositoriesRequest, { cloud, caller }) {
    const names = asList<string>(input.repositoryNames, 'repositoryNames', 100)
    for (const name of names ?? ['*']) cloud.authorize(caller, 'ecr:DescribeRepositories', name === '*' ? '*' : arnOf(cloud, name))
    if (names && (input.nextToken !== undefined || input.maxResults !== undefined))
      throw invalid('repositoryNames', 'nextToken and maxResults cannot be used together with repositoryNames')
    ownRegistry(cloud, input, names?.[0] ?? '*')
    if (names) return { repositories: names.map((name) => shown(repositoryOf(cloud, name), cloud)) }
    const { page, nextToken } = pageOf(cloud.store.list('repository'), input)
    return { repositories: page.map((repository) => shown(repository, cloud)), nextToken }
  },

  ListTagsForResource: ({ resourceArn }: sdk.ListTagsForResourceRequest, call: Call) => ({ tags: byArn(call, resourceArn).tags }),

  TagResource({ resourceArn, tags }: sdk.TagResourceRequest, call) {
    const repository = byArn(call, resourceArn)
    call.cloud.store.put('repository', repository.repositoryName, { ...repository, tags: ecrTags(repository.tags, tags) })
  },

  UntagResource({ resourceArn, tagKeys }: sdk.UntagResourceRequest, call) {
    const repository = byArn(call, resourceArn)
    const keys = asList<string>(tagKeys, 'tagKeys', 200) ?? []
    const tags = repository.tags.filter(({ Key }) => !keys.includes(Key))
    call.cloud.store.put('repository', repository.repositoryName, { ...repository, tags })
  },

  GetAuthorizationToken(_input: object, { cloud, caller }) {
    cloud.authorize(caller, 'ecr:GetAuthorizationToken', '*')
    const { password, expiresAt } = cloud.registryPassword(caller, cloud.region)
    const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64')
    return { authorizationData: [{ authorizationToken, expiresAt: expiresAt.getTime() / 1000, proxyEndpoint: cloud.endpoint }] }
  },
}

/** A repository as the API shows it. */
function shown({ tags, lifecyclePolicyText, ...facts }: ImageRepository, { endpoint, accountId }: Cloud): object {
  const repositoryUri = `${new URL(endpoint).host}/${facts.repositoryName}`
  return { ...facts, registryId: accountId, repositoryUri, encryptionConfiguration: { encryptionType: 'AES256' } }
}

function byArn({ cloud, caller, action }: Call, arn = ''): ImageRepository {
  cloud.authorize(caller, `ecr:${action}`, String(arn))
  const prefix = arnOf(cloud, '')
  if (!String(arn).startsWith(prefix)) throw invalid('resourceArn', 'must be the ARN of a repository of this account and region')
  return repositoryOf(cloud, arn.slice(prefix.length))
}

function mutability(text: unknown): 'MUTABLE' | 'IMMUTABLE' {
  if (text === 'MUTABLE' || text === 'IMMUTABLE') return text
  throw invalid('imageTagMutability', 'Member must satisfy enum value set: [MUTABLE, IMMUTABLE]')
}
