import type {
  CreateVpcRequest,
  CreateVpcResult,
  DeleteVpcRequest,
  DescribeVpcAttributeRequest,
  DescribeVpcAttributeResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  ModifyVpcAttributeRequest,
  Vpc as WireVpc,
} from '@aws-sdk/client-ec2'
import type { Call, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { appliedValue, quotas } from '../quotas/quota.ts'
import type { Tag } from '../records.ts'
import { formatCidr, parseCidr } from './cidr.ts'
import { inUse, newId, notFound } from './id.ts'
import { liveInstances } from './live.ts'
import { createMainRouteTable } from './route-table.ts'
import { createDefaultGroup } from './security-group.ts'
import { named, select } from './select.ts'
import { tagsFor } from './tag.ts'

export interface Vpc {
  VpcId: string
  CidrBlock: string
  EnableDnsSupport: boolean
  EnableDnsHostnames: boolean
  Tags: Tag[]
}

declare module '../records.ts' {
  interface Records {
    vpc: Vpc
  }
}

/** The VPC with this id. Throws ApiError InvalidVpcID.NotFound. */
export function findVpc(store: Store, id: string): Vpc {
  const vpc = store.get('vpc', id)
  if (!vpc) throw notFound('vpc', id)
  return vpc
}

export const vpcActions = {
  CreateVpc({ CidrBlock, InstanceTenancy, TagSpecifications }: CreateVpcRequest, { cloud }: Call): CreateVpcResult {
    const { store } = cloud
    if (!CidrBlock) throw new ApiError('MissingParameter', "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    const block = parseCidr(CidrBlock)
    if (block.bits < 16 || block.bits > 28) throw new ApiError('InvalidVpc.Range', `The CIDR '${CidrBlock}' is invalid.`)
    if (InstanceTenancy && InstanceTenancy !== 'default')
      throw new ApiError('InvalidParameterValue', 'The embedded cloud has default tenancy only.')
    if (store.list('vpc').length + 1 > appliedValue(store, quotas.vpcs))
      throw new ApiError('VpcLimitExceeded', 'The maximum number of VPCs has been reached.')
    const vpc: Vpc = {
      VpcId: newId('vpc'),
      CidrBlock: formatCidr(block),
      EnableDnsSupport: true,
      EnableDnsHostnames: false,
      Tags: tagsFor('vpc', TagSpecifications),
    }
    store.put('vpc', vpc.VpcId, vpc)
    createMainRouteTable(store, vpc)
    createDefaultGroup(store, vpc)
    return { Vpc: wire(vpc, cloud.accountId) }
  },

  DescribeVpcs(input: DescribeVpcsRequest, { cloud: { store, accountId } }: Call): DescribeVpcsResult {
    const vpcs = named(
      input.VpcIds,
      () => store.list('vpc'),
      (id) => findVpc(store, id),
    )
    const { items, NextToken } = select(vpcs, input, {
      id: ({ VpcId }) => VpcId,
      filters: {
        'vpc-id': ({ VpcId }) => VpcId,
        cidr: ({ CidrBlock }) => CidrBlock,
        'cidr-block-association.cidr-block': ({ CidrBlock }) => CidrBlock,
        state: () => 'available',
        'is-default': () => false,
        isDefault: () => false,
        'owner-id': () => accountId,
      },
    })
    return { Vpcs: items.map((vpc) => wire(vpc, accountId)), NextToken }
  },

  /** Takes the main route table and the default group along; everything else in the VPC must be gone. */
  DeleteVpc({ VpcId = '' }: DeleteVpcRequest, { cloud: { store } }: Call): void {
    findVpc(store, VpcId)
    const tables = store.list('routeTable').filter((table) => table.VpcId === VpcId)
    const groups = store.list('securityGroup').filter((group) => group.VpcId === VpcId)
    const occupied =
      store.list('subnet').some((subnet) => subnet.VpcId === VpcId) ||
      store.list('internetGateway').some((gateway) => gateway.VpcId === VpcId) ||
      tables.some(({ Associations }) => !Associations.some(({ Main }) => Main)) ||
      groups.some(({ GroupName }) => GroupName !== 'default') ||
      liveInstances(store).some((instance) => instance.VpcId === VpcId)
    if (occupied) throw inUse('vpc', VpcId)
    for (const { RouteTableId } of tables) store.delete('routeTable', RouteTableId)
    for (const { GroupId } of groups) store.delete('securityGroup', GroupId)
    store.delete('vpc', VpcId)
  },

  ModifyVpcAttribute({ VpcId = '', EnableDnsHostnames, EnableDnsSupport }: ModifyVpcAttributeRequest, { cloud: { store } }: Call): void {
    const vpc = findVpc(store, VpcId)
    if (EnableDnsHostnames && EnableDnsSupport) {
      throw new ApiError('InvalidParameterCombination', 'Fields EnableDnsSupport and EnableDnsHostnames cannot be specified together.')
    }
    if (!EnableDnsHostnames && !EnableDnsSupport) throw new ApiError('MissingParameter', 'The request must contain one attribute to modify')
    store.put('vpc', VpcId, {
      ...vpc,
      EnableDnsHostnames: EnableDnsHostnames?.Value ?? vpc.EnableDnsHostnames,
      EnableDnsSupport: EnableDnsSupport?.Value ?? vpc.EnableDnsSupport,
    })
  },

  DescribeVpcAttribute({ VpcId = '', Attribute }: DescribeVpcAttributeRequest, { cloud: { store } }: Call): DescribeVpcAttributeResult {
    const vpc = findVpc(store, VpcId)
    if (Attribute === 'enableDnsHostnames') return { VpcId, EnableDnsHostnames: { Value: vpc.EnableDnsHostnames } }
    if (Attribute === 'enableDnsSupport') return { VpcId, EnableDnsSupport: { Value: vpc.EnableDnsSupport } }
    throw new ApiError('InvalidParameterValue', `Value (${Attribute}) for parameter attribute is invalid.`)
  },
}

function wire({ VpcId, CidrBlock, Tags }: Vpc, OwnerId: string): WireVpc {
  return {
    VpcId,
    OwnerId,
    CidrBlock,
    State: 'available',
    IsDefault: false,
    InstanceTenancy: 'default',
    DhcpOptionsId: 'default',
    CidrBlockAssociationSet: [
      { AssociationId: VpcId.replace('vpc-', 'vpc-cidr-assoc-'), CidrBlock, CidrBlockState: { State: 'associated' } },
    ],
    Tags,
  }
}
