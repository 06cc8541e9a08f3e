import type {
  DeleteParameterRequest,
  DeleteParameterResult,
  DeleteParametersRequest,
  DeleteParametersResult,
  DescribeParametersRequest,
  DescribeParametersResult,
  GetParameterHistoryRequest,
  GetParameterRequest,
  GetParameterResult,
  GetParametersByPathRequest,
  GetParametersByPathResult,
  GetParametersRequest,
  GetParametersResult,
  ParameterStringFilter,
  PutParameterRequest,
} from '@aws-sdk/client-ssm'
import type { Call, Service } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { findParameter, type Parameter, parameterArn, wireParameter } from './parameter.ts'
import { forgetVersions, getParameterHistory } from './parameter-history.ts'
import { parameterTagActions } from './parameter-tags.ts'
import { putParameter } from './put-parameter.ts'
import type { SecureStrings } from './secure-string.ts'

/** Parameter Store. */
export function createParameters(secure: SecureStrings): Service {
  return {
    ...parameterTagActions,
    PutParameter: (input: PutParameterRequest, call) => putParameter(input, call, secure),
    GetParameterHistory: (input: GetParameterHistoryRequest, call) => getParameterHistory(input, call, secure),

    GetParameter({ Name = '', WithDecryption }: GetParameterRequest, { cloud, caller }): GetParameterResult {
      const parameter = findParameter(cloud.store, Name)
      cloud.authorize(caller, 'ssm:GetParameter', parameterArn(cloud, parameter?.Name ?? Name))
      if (!parameter) throw notFound(Name)
      return { Parameter: wireParameter(parameter, cloud, secure, WithDecryption) }
    },

    GetParameters({ Names = [], WithDecryption }: GetParametersRequest, { cloud, caller }): GetParametersResult {
      checkCount(Names)
      const found = Names.map((name) => {
        const parameter = findParameter(cloud.store, name)
        cloud.authorize(caller, 'ssm:GetParameters', parameterArn(cloud, parameter?.Name ?? name))
        return parameter
      })
      return {
        Parameters: found.filter((each) => each !== undefined).map((each) => wireParameter(each, cloud, secure, WithDecryption)),
        InvalidParameters: Names.filter((_, index) => found[index] === undefined),
      }
    },

    GetParametersByPath(input: GetParametersByPathRequest, { cloud, caller }): GetParametersByPathResult {
      const { Path = '', Recursive, WithDecryption } = input
      if (!Path.startsWith('/')) throw new ApiError('ValidationException', 'The path must begin with a slash "/".')
      if (input.ParameterFilters?.length) throw lacking('ParameterFilters of GetParametersByPath')
      cloud.authorize(caller, 'ssm:GetParametersByPath', parameterArn(cloud, Path))
      const prefix = Path.endsWith('/') ? Path : `${Path}/`
      const below = cloud.store.list('parameter').filter(({ Name }) => {
        return Name.startsWith(prefix) && (Recursive || !Name.slice(prefix.length).includes('/'))
      })
      const { items, NextToken } = pageOf(below, input, 10)
      return { Parameters: items.map((each) => wireParameter(each, cloud, secure, WithDecryption)), ...(NextToken && { NextToken }) }
    },

    DescribeParameters(input: DescribeParametersRequest, { cloud, caller }): DescribeParametersResult {
      cloud.authorize(caller, 'ssm:DescribeParameters', '*')
      if (input.Filters?.length) throw lacking('Filters of DescribeParameters (ParameterFilters are the newer form)')
      const tests = (input.ParameterFilters ?? []).map(filterOf)
      const matching = cloud.store.list('parameter').filter((parameter) => tests.every((test) => test(parameter)))
      const { items, NextToken } = pageOf(matching, input, 50)
      const Parameters = items.map(({ Value: _, Tags: __, LastModified, ...shown }) => {
        return { ...shown, ARN: parameterArn(cloud, shown.Name), LastModifiedDate: new Date(LastModified), Policies: [] }
      })
      return { Parameters, ...(NextToken && { NextToken }) }
    },

    DeleteParameter({ Name = '' }: DeleteParameterRequest, call): DeleteParameterResult {
      if (!remove(Name, call, 'ssm:DeleteParameter')) throw notFound(Name)
      return {}
    },

    DeleteParameters({ Names = [] }: DeleteParametersRequest, call): DeleteParametersResult {
      checkCount(Names)
      const gone = call.cloud.store.transaction(() => Names.filter((name) => remove(name, call, 'ssm:DeleteParameters')))
      return { DeletedParameters: gone, InvalidParameters: Names.filter((name) => !gone.includes(name)) }
    },
  }
}

function remove(name: string, { cloud, caller }: Call, action: string): boolean {
  cloud.authorize(caller, action, parameterArn(cloud, name))
  return cloud.store.transaction(() => {
    const there = cloud.store.get('parameter', name)
    if (!there) return false
    forgetVersions(cloud.store, there)
    cloud.store.delete('parameter', name)
    return true
  })
}

function filterOf({ Key = '', Option = 'Equals', Values = [] }: ParameterStringFilter): (parameter: Parameter) => boolean {
  const tests: Record<string, (text: string) => boolean> = {
    Equals: (text) => Values.includes(text),
    BeginsWith: (text) => Values.some((value) => text.startsWith(value)),
    Contains: (text) => Values.some((value) => text.includes(value)),
    Recursive: (text) => Values.some((value) => text.startsWith(`${value.replace(/\/$/, '')}/`)),
    OneLevel: (text) => Values.some((value) => text.slice(0, text.lastIndexOf('/')) === value.replace(/\/$/, '')),
  }
  // A path means everything of one level below it, unless it says Recursive.
  const test = tests[Key === 'Path' && Option === 'Equals' ? 'OneLevel' : Option]
  if (!test) throw new ApiError('InvalidFilterOption', `The filter option ${Option} is not valid for ${Key}.`)
  if (Key === 'Name' || Key === 'Path') return ({ Name }) => test(Name)
  if (Key === 'Type') return ({ Type }) => test(Type)
  if (Key === 'Tier') return ({ Tier }) => test(Tier)
  if (Key.startsWith('tag:')) {
    // Without values, a tag filter asks whether the tag is there.
    return ({ Tags }) => Tags.some((tag) => tag.Key === Key.slice(4) && (Values.length === 0 || test(tag.Value)))
  }
  throw new ApiError('InvalidFilterKey', `The filter key ${Key} is not valid.`)
}

function pageOf(
  parameters: readonly Parameter[],
  { MaxResults, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
  most: number,
) {
  const size = MaxResults ?? 10
  if (!Number.isInteger(size) || size < 1 || size > most) {
    const message = `1 validation error detected: Value '${MaxResults}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to ${most}`
    throw new ApiError('ValidationException', message)
  }
  const after = NextToken === undefined ? '' : Buffer.from(NextToken, 'base64url').toString()
  const rest = parameters.filter(({ Name }) => Name > after).sort((a, b) => (a.Name < b.Name ? -1 : 1))
  const items = rest.slice(0, size)
  const last = items.at(-1)
  return { items, NextToken: rest.length > items.length && last ? Buffer.from(last.Name).toString('base64url') : undefined }
}

function checkCount(names: readonly string[]): void {
  if (names.length >= 1 && names.length <= 10) return
  throw new ApiError(
    'ValidationException',
    "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length from 1 to 10",
  )
}

function notFound(name: string): ApiError {
  return new ApiError('ParameterNotFound', `The parameter ${name} cannot be found.`)
}

function lacking(what: string): ApiError {
  return new ApiError('ValidationException', `The embedded cloud does not have ${what}.`)
}
