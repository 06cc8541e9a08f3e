import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ApiError, type Call, type Cloud } from '../cloud.ts'
import type { Instance } from '../records.ts'
import { matches } from './command.ts'
import { seconds } from './command-report.ts'
import { instanceFolder, readWhole } from './folder.ts'
import type { Registration } from './machine.ts'
import { page } from './paging.ts'

interface Input {
  Filters?: { Key: string; Values: string[] }[]
  InstanceInformationFilterList?: { key: string; valueSet: string[] }[]
  MaxResults?: number
  NextToken?: string
}

/**
 * DescribeInstanceInformation: the instances whose agent has registered. One that does not answer any more is `ConnectionLost`; one that has
 * never registered, or is terminated, is not listed.
 */
export function describeInstanceInformation(input: Input, { cloud, caller }: Call) {
  cloud.authorize(caller, 'ssm:DescribeInstanceInformation', '*')
  const filters = [
    ...(input.Filters ?? []),
    ...(input.InstanceInformationFilterList ?? []).map(({ key, valueSet }) => ({ Key: key, Values: valueSet })),
  ]
  const found = cloud.store
    .list('instance')
    .map((instance) => ({ instance, information: inform(cloud, instance) }))
    .filter(({ instance, information }) => information && filters.every((filter) => fits(instance, information, filter)))
  const { items, NextToken } = page(found, input, [5, 50])
  return { InstanceInformationList: items.map(({ information }) => information), ...(NextToken && { NextToken }) }
}

type Information = NonNullable<ReturnType<typeof inform>>

function inform(cloud: Cloud, instance: Instance) {
  const { InstanceId, State, PrivateIpAddress } = instance
  if (State === 'terminated' || State === 'shutting-down') return undefined
  const online = cloud.machines.online(InstanceId)
  const registration = join(instanceFolder(cloud.folder, InstanceId).outbox, 'agent.json')
  const lost = State === 'stopped' && existsSync(registration) ? readWhole<Registration>(registration) : undefined
  const since = online?.since ?? lost?.since
  if (since === undefined) return undefined
  return {
    InstanceId,
    PingStatus: online ? 'Online' : 'ConnectionLost',
    LastPingDateTime: seconds(Date.parse(online?.lastPing ?? since)),
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

function fits(instance: Instance, information: Information, { Key, Values }: { Key: string; Values: string[] }): boolean {
  if (Key === 'InstanceIds' || Key.startsWith('tag:')) return matches(instance, { Key, Values })
  const name = (
    { PingStatus: 'PingStatus', PlatformTypes: 'PlatformType', ResourceType: 'ResourceType', AgentVersion: 'AgentVersion' } as const
  )[Key]
  if (!name) throw new ApiError('InvalidFilterKey', `The filter key ${Key} is not valid.`)
  return Values.includes(String(information[name]))
}
