import type { PutParameterRequest, PutParameterResult } from '@aws-sdk/client-ssm'
import { ApiError, type Call } from '../cloud.ts'
import { requestTags } from '../iam/permission.ts'
import type { Parameter } from '../records.ts'
import { refuseDeletedName } from './deleted-name.ts'
import { invalid } from './input.ts'
import { checkParameterName, parameterArn } from './parameter.ts'
import { keepVersion } from './parameter-history.ts'
import { mergeParameterTags } from './parameter-tags.ts'
import type { SecureStrings } from './secure-string.ts'

/**
 * How much a value may have, in bytes:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
 */
const valueLimit = { Standard: 4096, Advanced: 8192 } as const

/**
 * Creates a parameter, or makes a new version of it where the call allows that. Creating is atomic: of several at once,
 * one succeeds.
 */
export function putParameter(input: PutParameterRequest, { cloud, caller }: Call, secure: SecureStrings): PutParameterResult {
  const { Name = '', Value, Overwrite = false, Description, AllowedPattern, DataType = 'text', Tags, KeyId } = input
  const { store } = cloud
  checkParameterName(Name)
  const tags = requestTags(Tags)
  cloud.authorize(caller, 'ssm:PutParameter', parameterArn(cloud, Name), tags)
  if (Tags?.length) cloud.authorize(caller, 'ssm:AddTagsToResource', parameterArn(cloud, Name), tags)
  if (!Value) throw invalid("1 validation error detected: Value at 'value' failed to satisfy constraint: Member must not be null")
  if (Overwrite && Tags?.length) {
    throw invalid(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.",
    )
  }
  return store.transaction(() => {
    const present = store.get('parameter', Name)
    if (present && !Overwrite) {
      const message = 'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.'
      throw new ApiError('ParameterAlreadyExists', message)
    }
    if (!present) refuseDeletedName(store, Name, Overwrite)
    const Type = input.Type ?? present?.Type
    if (Type === undefined || !['String', 'StringList', 'SecureString'].includes(Type))
      throw invalid('A parameter type is required when you create a parameter: String, StringList or SecureString.')
    const outgrown = input.Tier === 'Intelligent-Tiering' && Buffer.byteLength(Value) > valueLimit.Standard
    const Tier = input.Tier === 'Advanced' || present?.Tier === 'Advanced' || outgrown ? 'Advanced' : 'Standard'
    checkValue(Value, Tier, AllowedPattern)
    const parameter: Parameter = {
      Name,
      Type,
      Value: Type === 'SecureString' ? secure.encrypt(Name, Value) : Value,
      Version: (present?.Version ?? 0) + 1,
      LastModified: Date.now(),
      LastModifiedUser: caller.arn,
      ...(Description !== undefined && { Description }),
      ...(AllowedPattern !== undefined && { AllowedPattern }),
      ...(Type === 'SecureString' && { KeyId: KeyId ?? 'alias/aws/ssm' }),
      Tier,
      DataType,
      Tags: present?.Tags ?? mergeParameterTags([], Tags),
    }
    if (present) keepVersion(store, present)
    store.put('parameter', Name, parameter)
    return { Version: parameter.Version, Tier }
  })
}

function checkValue(value: string, tier: keyof typeof valueLimit, pattern: string | undefined): void {
  const limit = valueLimit[tier]
  if (Buffer.byteLength(value) > limit) {
    const advice =
      limit === valueLimit.Standard ? ' To create a parameter value larger than 4096 characters, use the advanced-parameter tier.' : ''
    throw invalid(`${tier} tier parameters support a maximum parameter value of ${limit} characters.${advice}`)
  }
  if (value.includes('{{')) throw invalid('Parameter value must not contain {{: nested parameters are not supported.')
  if (pattern !== undefined && !matches(pattern, value))
    throw new ApiError('ParameterPatternMismatchException', `Parameter value, cannot be validated against allowedPattern: ${pattern}`)
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern).test(value)
  } catch {
    throw new ApiError('InvalidAllowedPatternException', `The pattern ${pattern} is not a valid regular expression.`)
  }
}
