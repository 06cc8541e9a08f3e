import type { Config } from '../../config/config.ts'
import { callerOf } from '../aws/caller.ts'
import type { Clients } from '../aws/clients.ts'
import { partitionOf } from '../aws/partition.ts'
import { managedInstanceCore, arnOf as policyArnOf } from '../aws/resources/managed-policy.ts'
import { repositoryName } from '../aws/resources/repository.ts'
import { keptTag, ownerOf, parameterPath, type StageId } from './stage/names.ts'

/** The policy for a stage of a config, in the account of the credentials. */
export async function policyOfDeployer(clients: Clients, config: Config): Promise<DeployerPolicy> {
  const { app, stage, region, permissionsBoundary, network } = config
  const account = config.account ?? (await callerOf(clients)).account
  return deployerPolicy({
    app,
    stage,
    region,
    account,
    ...(permissionsBoundary !== undefined && { boundary: permissionsBoundary }),
    ...(network && { network }),
  })
}

/** A policy document as IAM takes it. */
export interface DeployerPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly DeployerStatement[]
}

export interface DeployerStatement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/** Whose stage it is for, and where. */
export interface DeployerScope extends StageId {
  readonly region: string
  /** Twelve digits. */
  readonly account: string
  /** The ARN of the permissions boundary that every role has to get; undefined where none has to. */
  readonly boundary?: string
  /** The network of others that its machines stand in, by the ids of AWS; undefined where the stage has its own. */
  readonly network?: Config['network']
}

/**
 * What whoever deploys a stage may do, and no more: it touches nothing of other stages and apps in the account. Which
 * actions know which resources and conditions is in AWS's service authorization reference.
 */
export function deployerPolicy(scope: DeployerScope): DeployerPolicy {
  const { region, account, boundary, network } = scope
  const owner = ownerOf(scope)
  const partition = partitionOf(region)
  const arn = (service: string, resource: string, { global = false, own = true } = {}) =>
    `arn:${partition}:${service}:${global ? '' : region}:${own ? account : ''}:${resource}`
  const tagged = (key: 'aws:RequestTag' | 'aws:ResourceTag') =>
    Object.fromEntries(Object.entries(owner.tags).map(([name, value]) => [`${key}/${name}`, value]))
  const roles = arn('iam', `role/${owner.name}-*`, { global: true })
  const parameters = arn('ssm', `parameter${parameterPath(scope)}`)
  const bounded = boundary !== undefined && { 'iam:PermissionsBoundary': boundary }
  const managed = { ArnEquals: { 'iam:PolicyARN': policyArnOf(managedInstanceCore, partition), ...bounded } }
  const statements: Omit<DeployerStatement, 'Effect'>[] = [
    // These know no resources, or the look-up comes before anything is known.
    { Sid: 'Look', Action: [...looking], Resource: '*' },
    {
      // What such a call only names, such as the VPC of a subnet, has no tags in the request: for that it takes
      // ChangeOwn.
      Sid: 'Make',
      Action: making.map((name) => `ec2:${name}`),
      Resource: arn('ec2', '*/*'),
      Condition: { StringEquals: tagged('aws:RequestTag') },
    },
    {
      Sid: 'Tag',
      Action: ['ec2:CreateTags'],
      Resource: arn('ec2', '*/*'),
      Condition: { StringEquals: { ...tagged('aws:RequestTag'), 'ec2:CreateAction': making } },
    },
    {
      Sid: 'ChangeOwn',
      Action: [...changing, 'ec2:CreateTags'],
      Resource: arn('ec2', '*/*'),
      // What has failed and is kept is told by a tag, and nothing else is; calls without tags pass ForAllValues.
      Condition: { StringEquals: tagged('aws:ResourceTag'), 'ForAllValues:StringEquals': { 'aws:TagKeys': keptTag } },
    },
    {
      // A VPC comes with its main route table, which has no tags and cannot be given any in the call that makes it.
      Sid: 'MainRoute',
      Action: ['ec2:CreateRoute', 'ec2:ReplaceRoute'],
      Resource: arn('ec2', 'route-table/*'),
      Condition: { Null: { 'aws:ResourceTag/mlops:app': 'true' } },
    },
    {
      // What it leaves in VPCs keeps them from being removed.
      Sid: 'GuardDuty',
      Action: ['ec2:DeleteSecurityGroup', 'ec2:DeleteVpcEndpoints'],
      Resource: [arn('ec2', 'security-group/*'), arn('ec2', 'vpc-endpoint/*')],
      Condition: { StringEquals: { 'aws:ResourceTag/GuardDutyManaged': 'true' } },
    },
    ...(network
      ? [
          {
            Sid: 'OthersNetwork',
            Action: ['ec2:CreateSecurityGroup', 'ec2:RunInstances'],
            Resource: [arn('ec2', `vpc/${network.vpcId}`), ...network.subnetIds.map((id) => arn('ec2', `subnet/${id}`))],
          },
        ]
      : []),
    { Sid: 'AnyImage', Action: ['ec2:RunInstances'], Resource: arn('ec2', 'image/*', { own: false }) },
    {
      // Of a role that is there, the boundary that it has counts.
      Sid: 'SayWhatRoleMayDo',
      Action: ['iam:CreateRole', 'iam:PutRolePolicy'],
      Resource: roles,
      ...(bounded && { Condition: { ArnEquals: bounded } }),
    },
    { Sid: 'Roles', Action: [...ofRoles], Resource: roles },
    { Sid: 'Attach', Action: ['iam:AttachRolePolicy'], Resource: roles, Condition: managed },
    {
      Sid: 'PassRole',
      Action: ['iam:PassRole'],
      Resource: roles,
      Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    },
    { Sid: 'Profiles', Action: [...ofProfiles], Resource: arn('iam', `instance-profile/${owner.name}-*`, { global: true }) },
    { Sid: 'Images', Action: [...ofImages], Resource: arn('ecr', `repository/${repositoryName(owner)}`) },
    {
      Sid: 'Machines',
      Action: ['ssm:SendCommand', 'ssm:StartSession'],
      Resource: arn('ec2', 'instance/*'),
      Condition: { StringEquals: tagged('aws:ResourceTag') },
    },
    { Sid: 'Scripts', Action: ['ssm:SendCommand'], Resource: arn('ssm', 'document/AWS-RunShellScript', { own: false }) },
    {
      Sid: 'Sessions',
      Action: ['ssm:StartSession'],
      Resource: [arn('ssm', 'document/SSM-SessionManagerRunShell'), arn('ssm', 'document/AWS-StartInteractiveCommand', { own: false })],
    },
    { Sid: 'Parameters', Action: [...ofParameters], Resource: [parameters, `${parameters}/*`] },
    { Sid: 'MachineImages', Action: ['ssm:GetParameters'], Resource: arn('ssm', 'parameter/aws/service/*', { own: false }) },
  ]
  return { Version: '2012-10-17', Statement: statements.map(({ Sid, ...rest }) => ({ Sid, Effect: 'Allow', ...rest })) }
}

const looking = [
  'ec2:DescribeAddresses',
  'ec2:DescribeAvailabilityZones',
  'ec2:DescribeInstanceTypeOfferings',
  'ec2:DescribeInstanceTypes',
  'ec2:DescribeInstances',
  'ec2:DescribeInternetGateways',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeRouteTables',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcAttribute',
  'ec2:DescribeVpcEndpoints',
  'ec2:DescribeVpcs',
  'ecr:GetAuthorizationToken',
  'iam:ListRoles',
  'servicequotas:GetServiceQuota',
  'ssm:CancelCommand',
  'ssm:DescribeInstanceInformation',
  'ssm:GetCommandInvocation',
]

/** The calls that make what has tags. */
const making = ['AllocateAddress', 'CreateInternetGateway', 'CreateSecurityGroup', 'CreateSubnet', 'CreateVpc', 'RunInstances']

/** What is done with things that are there: those of other stages lack the tags. */
const changing = [
  'ec2:AssociateAddress',
  'ec2:AttachInternetGateway',
  'ec2:AuthorizeSecurityGroupIngress',
  // On the VPC and the subnet in which something is made.
  'ec2:CreateSecurityGroup',
  'ec2:CreateSubnet',
  'ec2:RunInstances',
  'ec2:DeleteInternetGateway',
  'ec2:DeleteRouteTable',
  'ec2:DeleteSecurityGroup',
  'ec2:DeleteSubnet',
  'ec2:DeleteVpc',
  'ec2:DetachInternetGateway',
  'ec2:DisassociateAddress',
  'ec2:DisassociateRouteTable',
  'ec2:GetConsoleOutput',
  'ec2:ModifyInstanceAttribute',
  'ec2:ModifyVpcAttribute',
  'ec2:ReleaseAddress',
  'ec2:TerminateInstances',
]

const ofRoles = [
  'iam:DeleteRole',
  'iam:DeleteRolePolicy',
  'iam:DetachRolePolicy',
  'iam:GetRole',
  'iam:ListAttachedRolePolicies',
  'iam:ListRolePolicies',
  'iam:TagRole',
]

const ofProfiles = [
  'iam:AddRoleToInstanceProfile',
  'iam:CreateInstanceProfile',
  'iam:DeleteInstanceProfile',
  'iam:GetInstanceProfile',
  'iam:RemoveRoleFromInstanceProfile',
  'iam:TagInstanceProfile',
]

const ofImages = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchDeleteImage',
  'ecr:BatchGetImage',
  'ecr:CompleteLayerUpload',
  'ecr:CreateRepository',
  'ecr:DeleteRepository',
  'ecr:DescribeRepositories',
  'ecr:GetDownloadUrlForLayer',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:PutLifecyclePolicy',
  'ecr:TagResource',
  'ecr:UploadLayerPart',
]

const ofParameters = [
  'ssm:AddTagsToResource',
  'ssm:DeleteParameters',
  'ssm:GetParameter',
  'ssm:GetParameterHistory',
  'ssm:GetParameters',
  'ssm:GetParametersByPath',
  'ssm:PutParameter',
]
