import type { EC2, Vpc as WireVpc } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud } from '../../cloud.ts'
import { appliedValue, quotas } from '../../quotas/quota.ts'
import type { Vpc } from '../../records.ts'
import { describe } from '../describe.ts'
import { liveInstances } from '../instances/live.ts'
import { find, inUse, newId } from '../kinds.ts'
import { tagsFor } from '../tag.ts'
import { formatCidr, parseCidr } from './cidr.ts'
import { createMainRouteTable } from './route-table.ts'
import { createDefaultGroup } from './security-group.ts'
import { liveEndpoints } from './vpc-endpoint.ts'

export const vpcActions = {
  CreateVpc({ CidrBlock, InstanceTenancy, TagSpecifications }, { cloud }) {
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
    return { Vpc: wire(vpc, cloud) }
  },

  DescribeVpcs: describe('Vpcs', {
    kind: 'vpc',
    all: (cloud) => cloud.store.list('vpc').map((vpc) => wire(vpc, cloud)),
    filters: ['vpc-id', 'state', 'is-default', 'owner-id'],
    also: {
      isDefault: 'IsDefault',
      cidr: 'CidrBlock',
      'cidr-block-association.cidr-block': 'CidrBlock',
    },
  }),

  /** Takes the main route table and the default group along; everything else in the VPC must be gone. */
  DeleteVpc({ VpcId = '' }, { cloud: { store } }) {
    find(store, 'vpc', VpcId)
    const inside = (each: { VpcId?: string }) => each.VpcId === VpcId
    const tables = store.list('routeTable').filter(inside)
    const groups = store.list('securityGroup').filter(inside)
    const occupied =
      store.list('subnet').some(inside) ||
      store.list('internetGateway').some(inside) ||
      tables.some(({ Associations }) => !Associations.some(({ Main }) => Main)) ||
      groups.some(({ GroupName }) => GroupName !== 'default') ||
      liveInstances(store).some(inside) ||
      liveEndpoints(store).some(inside)
    if (occupied) throw inUse('vpc', VpcId)
    for (const { RouteTableId } of tables) store.delete('routeTable', RouteTableId)
    for (const { GroupId } of groups) store.delete('securityGroup', GroupId)
    store.delete('vpc', VpcId)
  },

  ModifyVpcAttribute({ VpcId = '', EnableDnsHostnames, EnableDnsSupport }, { cloud: { store } }) {
    const vpc = find(store, 'vpc', VpcId)
    if (EnableDnsHostnames && EnableDnsSupport)
      throw new ApiError('InvalidParameterCombination', 'Fields EnableDnsSupport and EnableDnsHostnames cannot be specified together.')
    if (!EnableDnsHostnames && !EnableDnsSupport) throw new ApiError('MissingParameter', 'The request must contain one attribute to modify')
    store.put('vpc', VpcId, {
      ...vpc,
      EnableDnsHostnames: EnableDnsHostnames?.Value ?? vpc.EnableDnsHostnames,
      EnableDnsSupport: EnableDnsSupport?.Value ?? vpc.EnableDnsSupport,
    })
  },

  DescribeVpcAttribute({ VpcId = '', Attribute }, { cloud: { store } }) {
    const vpc = find(store, 'vpc', VpcId)
    if (Attribute === 'enableDnsHostnames') return { VpcId, EnableDnsHostnames: { Value: vpc.EnableDnsHostnames } }
    if (Attribute === 'enableDnsSupport') return { VpcId, EnableDnsSupport: { Value: vpc.EnableDnsSupport } }
    throw new ApiError('InvalidParameterValue', `Value (${Attribute}) for parameter attribute is invalid.`)
  },
} satisfies Actions<EC2>

function wire({ VpcId, CidrBlock, Tags }: Vpc, { accountId }: Cloud): WireVpc {
  return {
    VpcId,
    OwnerId: accountId,
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
