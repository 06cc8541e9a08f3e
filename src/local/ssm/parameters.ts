import type { ParameterStringFilter, SSM } from '@aws-sdk/client-ssm'
import { pageByName } from '../api/paging.ts'
import { type Actions, ApiError, type Call } from '../cloud.ts'
import type { Parameter } from '../records.ts'
import { keepDeletedName } from './deleted-name.ts'
import { invalid, page } from './input.ts'
import { findParameter, parameterArn, wireParameter } from './parameter.ts'
import { forgetVersions, getParameterHistory } from './parameter-history.ts'
import { parameterTagActions } from './parameter-tags.ts'
import { putParameter } from './put-parameter.ts'
import type { SecureStrings } from './secure-string.ts'

/** Parameter Store. */
export function createParameters(secure: SecureStrings) {
  return {
    ...parameterTagActions,
    PutParameter: (input, call) => putParameter(input, call, secure),
    GetParameterHistory: (input, call) => getParameterHistory(input, call, secure),

    GetParameter({ Name = '', WithDecryption }, { cloud, caller }) {
      const parameter = findParameter(cloud.store, Name)
      cloud.authorize(caller, 'ssm:GetParameter', parameterArn(cloud, parameter?.Name ?? Name))
      if (!parameter) throw notFound(Name)
      return { Parameter: wireParameter(parameter, cloud, secure, WithDecryption) }
    },

    GetParameters({ Names = [], WithDecryption }, { cloud, caller }) {
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

    GetParametersByPath(input, { cloud, caller }) {
      const { Path = '', Recursive, WithDecryption } = input
      if (!Path.startsWith('/')) throw invalid('The path must begin with a slash "/".')
      if (input.ParameterFilters?.length) throw lacking('ParameterFilters of GetParametersByPath')
      cloud.authorize(caller, 'ssm:GetParametersByPath', parameterArn(cloud, Path))
      const prefix = Path.endsWith('/') ? Path : `${Path}/`
      const below = cloud.store.list('parameter').filter(({ Name }) => {
        return Name.startsWith(prefix) && (Recursive || !Name.slice(prefix.length).includes('/'))
      })
      const { items, NextToken } = page(below, input, [1, 10], byName)
      return { Parameters: items.map((each) => wireParameter(each, cloud, secure, WithDecryption)), NextToken }
    },

    DescribeParameters(input, { cloud, caller }) {
      cloud.authorize(caller, 'ssm:DescribeParameters', '*')
      if (input.Filters?.length) throw lacking('Filters of DescribeParameters (ParameterFilters are the newer form)')
      const tests = (input.ParameterFilters ?? []).map(filterOf)
      const matching = cloud.store.list('parameter').filter((parameter) => tests.every((test) => test(parameter)))
      const { items, NextToken } = page(matching, input, [1, 50, 10], byName)
      const Parameters = items.map(({ Value, Tags, LastModified, ...shown }) => {
        return { ...shown, ARN: parameterArn(cloud, shown.Name), LastModifiedDate: new Date(LastModified), Policies: [] }
      })
      return { Parameters, NextToken }
    },

    DeleteParameter({ Name = '' }, call) {
      if (!remove(Name, call, 'ssm:DeleteParameter')) throw notFound(Name)
    },

    DeleteParameters({ Names = [] }, call) {
      checkCount(Names)
      const gone = call.cloud.store.transaction(() => Names.filter((name) => remove(name, call, 'ssm:DeleteParameters')))
      return { DeletedParameters: gone, InvalidParameters: Names.filter((name) => !gone.includes(name)) }
    },
  } satisfies Actions<SSM>
}

function remove(name: string, { cloud, caller }: Call, action: string): boolean {
  cloud.authorize(caller, action, parameterArn(cloud, name))
  return cloud.store.transaction(() => {
    const there = cloud.store.get('parameter', name)
    if (!there) return false
    forgetVersions(cloud.store, there)
    cloud.store.delete('parameter', name)
    keepDeletedName(cloud.store, name)
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

/** A page in the order of the names. */
function byName(items: readonly Parameter[], size: number, token?: string) {
  return pageByName(items, ({ Name }) => Name, size, token)
}

function checkCount(names: readonly string[]): void {
  if (names.length >= 1 && names.length <= 10) return
  throw invalid("1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length from 1 to 10")
}

function notFound(name: string): ApiError {
  return new ApiError('ParameterNotFound', `The parameter ${name} cannot be found.`)
}

function lacking(what: string): ApiError {
  return invalid(`The embedded cloud does not have ${what}.`)
}
