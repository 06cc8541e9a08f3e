import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceInformation, SSM } from '@aws-sdk/client-ssm'
import { type Actions, ApiError, type Cloud } from '../../cloud.ts'
import { readWhole } from '../../files/whole.ts'
import type { Instance } from '../../records.ts'
import { page } from '../../ssm/input.ts'
import { instanceFolder } from '../folder.ts'
import type { Registration } from '../machine.ts'
import { matches } from './command.ts'

export const instanceInformationActions = {
  /**
   * The instances whose agent has registered. One that does not answer any more is `ConnectionLost`; one that has never
   * registered, or is terminated, is not listed.
   */
  DescribeInstanceInformation({ Filters = [], InstanceInformationFilterList = [], ...paging }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:DescribeInstanceInformation', '*')
    const filters = [...Filters, ...InstanceInformationFilterList.map(({ key, valueSet }) => ({ Key: key, Values: valueSet }))]
    const found = cloud.store.list('instance').flatMap((instance) => {
      const information = inform(cloud, instance)
      return information && filters.every((filter) => fits(instance, information, filter)) ? [information] : []
    })
    const { items, NextToken } = page(found, paging, [5, 50])
    return { InstanceInformationList: items, NextToken }
  },
} satisfies Actions<SSM>

function inform(cloud: Cloud, instance: Instance): InstanceInformation | undefined {
  const { InstanceId, State, PrivateIpAddress } = instance
  if (State === 'terminated' || State === 'shutting-down') return undefined
  const online = cloud.machines.online(InstanceId)
  const registration = join(instanceFolder(cloud.folder, InstanceId).outbox, 'agent.json')
  const stopped = State === 'stopped' && existsSync(registration) ? readWhole<Registration>(registration) : undefined
  const lost = cloud.machines.lost(InstanceId)
  const since = online?.since ?? lost?.since ?? stopped?.since
  if (since === undefined) return undefined
  return {
    InstanceId,
    PingStatus: online ? 'Online' : 'ConnectionLost',
    LastPingDateTime: new Date(online?.lastPing ?? lost?.lastPing ?? since),
    AgentVersion: '3.3.2299.0',
    IsLatestVersion: true,
    PlatformType: 'Linux',
    PlatformName: 'Amazon Linux',
    PlatformVersion: '2023',
    ResourceType: 'EC2Instance',
    IPAddress: PrivateIpAddress,
    ComputerName: `ip-${PrivateIpAddress.replaceAll('.', '-')}.${cloud.region}.compute.internal`,
    SourceId: InstanceId,
    SourceType: 'AWS::EC2::Instance',
  }
}

/** The members that filters look at, by the filter's name. */
const filterable: Readonly<Record<string, keyof InstanceInformation>> = {
  PingStatus: 'PingStatus',
  PlatformTypes: 'PlatformType',
  ResourceType: 'ResourceType',
  AgentVersion: 'AgentVersion',
}

function fits(
  instance: Instance,
  information: InstanceInformation,
  filter: { Key: string | undefined; Values: string[] | undefined },
): boolean {
  const { Key = '', Values = [] } = filter
  if (Key === 'InstanceIds' || Key.startsWith('tag:')) return matches(instance, { Key, Values })
  const member = Object.hasOwn(filterable, Key) ? filterable[Key] : undefined
  if (!member) throw new ApiError('InvalidFilterKey', `The filter key ${Key} is not valid.`)
  return Values.includes(String(information[member]))
}
