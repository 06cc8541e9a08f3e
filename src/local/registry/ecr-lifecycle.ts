import { ApiError } from '../cloud.ts'
import { untrustedJson } from '../protocol/depth.ts'
import { invalid, type RepositoryAction, type Subject } from './ecr-input.ts'

/**
 * Images expire up to a day after they matched, and this cloud is not left running for that: policies are checked and
 * kept, not run.
 */
export const lifecycleActions = {
  PutLifecyclePolicy(input: { lifecyclePolicyText?: string }, { cloud, name, repository }) {
    const lifecyclePolicyText = checkPolicy(input.lifecyclePolicyText)
    cloud.store.put('repository', name, { ...repository, lifecyclePolicyText })
    return { registryId: cloud.accountId, repositoryName: name, lifecyclePolicyText }
  },

  GetLifecyclePolicy(_input, subject) {
    return shown(subject)
  },

  DeleteLifecyclePolicy(_input, subject) {
    const answer = shown(subject)
    const { lifecyclePolicyText, ...rest } = subject.repository
    subject.cloud.store.put('repository', subject.name, rest)
    return answer
  },
} satisfies Record<string, RepositoryAction>

function shown({ cloud: { accountId }, name, repository: { lifecyclePolicyText } }: Subject) {
  if (lifecyclePolicyText === undefined) {
    const words = `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${accountId}'`
    throw new ApiError('LifecyclePolicyNotFoundException', words)
  }
  return { registryId: accountId, repositoryName: name, lifecyclePolicyText }
}

interface Rule {
  readonly rulePriority?: unknown
  readonly selection?: { [Name in 'tagStatus' | 'tagPrefixList' | 'tagPatternList' | 'countType' | 'countUnit' | 'countNumber']?: unknown }
  readonly action?: { type?: unknown }
}

/**
 * Length and form of a policy: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */
function checkPolicy(text: unknown): string {
  if (typeof text !== 'string') throw invalid('lifecyclePolicyText', 'Member must not be null')
  if (text.length < 100) throw invalid('lifecyclePolicyText', 'must have length greater than or equal to 100')
  if (text.length > 30_720) throw invalid('lifecyclePolicyText', 'must have length less than or equal to 30720')
  const rules = rulesOf(text)
  const priorities = new Set(rules.map((rule) => rule.rulePriority))
  if (priorities.size < rules.length) throw failed('rulePriority must be unique')
  for (const { rulePriority, selection, action } of rules) {
    if (!Number.isInteger(rulePriority) || Number(rulePriority) < 1) throw failed('rulePriority must be a positive integer')
    if (action?.type !== 'expire') throw failed('action.type must be expire')
    if (!['tagged', 'untagged', 'any'].includes(String(selection?.tagStatus))) throw failed('tagStatus must be tagged, untagged or any')
    const lists = [selection?.tagPrefixList, selection?.tagPatternList].filter((list) => Array.isArray(list) && list.length > 0)
    if ((selection?.tagStatus === 'tagged') !== (lists.length === 1))
      throw failed('tagged, and only tagged, goes with one of tagPrefixList and tagPatternList')
    const byAge = selection?.countType === 'sinceImagePushed'
    if (!byAge && selection?.countType !== 'imageCountMoreThan') throw failed('countType must be imageCountMoreThan or sinceImagePushed')
    if (byAge !== (selection?.countUnit === 'days')) throw failed('countUnit must be days with sinceImagePushed, and absent otherwise')
    if (!Number.isInteger(selection?.countNumber) || Number(selection?.countNumber) < 1)
      throw failed('countNumber must be a positive integer')
  }
  return text
}

function rulesOf(text: string): Rule[] {
  const refused = (why: string) => failed(`the text is ${why === 'too deep' ? 'nested too deeply' : 'not JSON'}`)
  const policy = untrustedJson(text, refused) as { rules?: Rule[] } | null
  if (!policy || !Array.isArray(policy.rules) || policy.rules.length === 0) throw failed('rules must be a list that is not empty')
  return policy.rules
}

function failed(reason: string): ApiError {
  return invalid('LifecyclePolicyText', `Lifecycle policy validation failure: ${reason}`)
}
