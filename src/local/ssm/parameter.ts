import type { Parameter as WireParameter } from '@aws-sdk/client-ssm'
import { ApiError, type Cloud, type Store } from '../cloud.ts'
import { machineImages } from '../ec2/instances/image.ts'
import type { Parameter } from '../records.ts'
import { invalid } from './input.ts'
import type { SecureStrings } from './secure-string.ts'

/**
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html#sysman-parameter-name-constraints
 */
export function checkParameterName(name: string): void {
  if (name === '' || !/^[a-zA-Z0-9_.\-/]+$/.test(name))
    throw invalid('Parameter name: only a mix of letters, numbers and the following 3 symbols .-_ are allowed, in a hierarchy with /.')
  if (name.includes('/') && !name.startsWith('/')) throw invalid('Parameter name must be a fully qualified name: it must begin with /.')
  if (name.endsWith('/') || name.includes('//')) throw invalid('Parameter name must not have empty levels.')
  if (/^\/?(aws|ssm)/i.test(name)) throw invalid(`Parameter name: can't be prefixed with "ssm" or "aws" (case-insensitive).`)
  if (name.length > 1011) throw invalid('Parameter name must not be longer than 1011 characters.')
  if (name.split('/').length - 1 > 15)
    throw new ApiError('HierarchyLevelLimitExceededException', 'A hierarchy can have a maximum of 15 levels.')
}

/** The parameters that AWS publishes for everybody, such as the newest machine image. */
export function publicParameter(name: string): Parameter | undefined {
  const image = machineImages.find(({ parameter }) => parameter === name)
  if (!image) return undefined
  return {
    Name: name,
    Type: 'String',
    Value: image.ImageId,
    Version: 1,
    LastModified: Date.UTC(2025, 0, 1),
    LastModifiedUser: 'arn:aws:iam::aws:root',
    Tier: 'Standard',
    DataType: 'aws:ec2:image',
    Tags: [],
  }
}

/**
 * The parameter of this name, `NAME:VERSION`, or ARN, or what AWS publishes under that name; undefined where there is
 * none.
 * @throws ApiError ParameterVersionNotFound for a version that is not kept (any more)
 */
export function findParameter(store: Store, text: string): Parameter | undefined {
  const arn = /^arn:[^:]*:ssm:[^:]*:\d*:parameter\/?(.*)$/.exec(text)
  const plain = arn ? (arn[1] ?? '') : text
  const [given = '', version] = plain.split(':')
  const name = arn && given.includes('/') ? `/${given}` : given
  const parameter = store.get('parameter', name) ?? publicParameter(name)
  if (parameter && version !== undefined && version !== String(parameter.Version)) {
    const older = store.get('parameterVersion', `${name}:${version}`)
    if (older) return older
    throw new ApiError('ParameterVersionNotFound', `Systems Manager could not find version ${version} of ${name}.`)
  }
  return parameter
}

/** What AWS publishes belongs to no account. */
export function parameterArn({ region, accountId }: Cloud, name: string): string {
  return `arn:aws:ssm:${region}:${name.startsWith('/aws/service/') ? '' : accountId}:parameter${name.startsWith('/') ? '' : '/'}${name}`
}

/** A parameter with its value; that of a SecureString is shown encrypted unless the call asked for more. */
export function wireParameter(parameter: Parameter, cloud: Cloud, secure: SecureStrings, decrypt: boolean | undefined): WireParameter {
  const { Name, Type, Version, LastModified, DataType } = parameter
  const Value = Type === 'SecureString' && decrypt ? secure.decrypt(Name, parameter.Value) : parameter.Value
  return { Name, Type, Value, Version, LastModifiedDate: new Date(LastModified), ARN: parameterArn(cloud, Name), DataType }
}
