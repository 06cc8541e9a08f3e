/**
 * The least that makes a stage with one service and a machine, and takes it away again: the calls that `provision` and
 * `destroy` make, as far as possible side by side, with the SDK and nothing else. `node bare-calls.fixture.mjs
 * provision|destroy REGION`; the endpoint and the credentials come from the environment.
 */
import { EC2 } from '@aws-sdk/client-ec2'
import { ECR } from '@aws-sdk/client-ecr'
import { IAM } from '@aws-sdk/client-iam'
import { SSM } from '@aws-sdk/client-ssm'

const [verb, region] = process.argv.slice(2)
const [ec2, ecr, iam, ssm] = [new EC2({ region }), new ECR({ region }), new IAM({ region }), new SSM({ region })]
const [name, path] = ['bare-one', '/bare/one']
const Filters = [{ Name: 'tag:bare', Values: ['one'] }]
const Tags = [{ Key: 'bare', Value: 'one' }]
const tagged = (ResourceType) => ({ TagSpecifications: [{ ResourceType, Tags }] })
const absent = () => undefined
const document = (Statement) => JSON.stringify({ Version: '2012-10-17', Statement })

const look = () =>
  Promise.all([
    ec2.describeVpcs({ Filters }),
    ec2.describeInternetGateways({ Filters }),
    ec2.describeAddresses({ Filters }),
    iam.getRole({ RoleName: name }).catch(absent),
    iam.getInstanceProfile({ InstanceProfileName: name }).catch(absent),
    ecr.describeRepositories({}),
  ])
const machines = () => ec2.describeInstances({ Filters: [...Filters, { Name: 'instance-state-name', Values: ['pending', 'running'] }] })

async function provision() {
  await ssm.putParameter({ Name: `${path}/lease`, Value: 'bare', Type: 'String' })
  await Promise.all([look(), machines(), ssm.getParameter({ Name: `${path}/ledger` }).catch(absent)])
  const image = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'
  const [, , { Parameters }] = await Promise.all([
    ec2.describeInstanceTypes({ InstanceTypes: ['t3.micro'] }),
    ec2.describeInstanceTypeOfferings({ LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: ['t3.micro'] }] }),
    ssm.getParameters({ Names: [image] }),
    ec2.describeAvailabilityZones({}),
  ])
  const [address, profile, [subnet, group]] = await Promise.all([
    ec2.allocateAddress({ Domain: 'vpc', ...tagged('elastic-ip') }),
    makeProfile(),
    makeNetwork(),
    ecr.createRepository({ repositoryName: 'bare/one/web' }).then(() => {
      const rule = { rulePriority: 1, selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 20 } }
      const lifecyclePolicyText = JSON.stringify({
        rules: [{ ...rule, description: 'Keep the newest images', action: { type: 'expire' } }],
      })
      return ecr.putLifecyclePolicy({ repositoryName: 'bare/one/web', lifecyclePolicyText })
    }),
  ])
  const { Instances } = await ec2.runInstances({
    ImageId: Parameters[0].Value,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    ...tagged('instance'),
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet, Groups: [group], AssociatePublicIpAddress: true }],
    IamInstanceProfile: { Arn: profile },
  })
  const InstanceId = Instances[0].InstanceId
  await ec2.describeInstances({ InstanceIds: [InstanceId] })
  await ec2.associateAddress({ AllocationId: address.AllocationId, InstanceId })
  await ssm.putParameter({ Name: `${path}/ledger`, Value: '{}', Type: 'String' })
  await ssm.deleteParameters({ Names: [`${path}/lease`] })
}

async function makeProfile() {
  const AssumeRolePolicyDocument = document([{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }])
  await iam.createRole({ RoleName: name, AssumeRolePolicyDocument, Tags })
  const [{ InstanceProfile }] = await Promise.all([
    iam.createInstanceProfile({ InstanceProfileName: name, Tags }),
    iam.attachRolePolicy({ RoleName: name, PolicyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore' }),
    iam.putRolePolicy({
      RoleName: name,
      PolicyName: name,
      PolicyDocument: document([{ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }]),
    }),
  ])
  await iam.addRoleToInstanceProfile({ InstanceProfileName: name, RoleName: name })
  return InstanceProfile.Arn
}

async function makeNetwork() {
  const { Vpc } = await ec2.createVpc({ CidrBlock: '10.0.0.0/16', ...tagged('vpc') })
  const VpcId = Vpc.VpcId
  const group = async () => {
    const { GroupId } = await ec2.createSecurityGroup({ VpcId, GroupName: name, Description: 'bare', ...tagged('security-group') })
    const open = { IpProtocol: 'tcp', FromPort: 8001, ToPort: 8001, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
    await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [open] })
    return GroupId
  }
  const gateway = async () => {
    const { InternetGateway } = await ec2.createInternetGateway(tagged('internet-gateway'))
    await ec2.attachInternetGateway({ InternetGatewayId: InternetGateway.InternetGatewayId, VpcId })
    return InternetGateway.InternetGatewayId
  }
  const [{ Subnet }, GatewayId, { RouteTables }, GroupId] = await Promise.all([
    ec2.createSubnet({ VpcId, CidrBlock: '10.0.0.0/24', ...tagged('subnet') }),
    gateway(),
    ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
    group(),
    ec2.createSubnet({ VpcId, CidrBlock: '10.0.1.0/24', ...tagged('subnet') }),
  ])
  await ec2.createRoute({ RouteTableId: RouteTables[0].RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId })
  return [Subnet.SubnetId, GroupId]
}

async function destroy() {
  await ssm.putParameter({ Name: `${path}/lease`, Value: 'bare', Type: 'String' })
  const [[vpcs, gateways, addresses], { Reservations }] = await Promise.all([
    look(),
    machines(),
    ssm.getParametersByPath({ Path: path, Recursive: true }),
  ])
  const machine = removeMachine(Reservations[0].Instances[0].InstanceId)
  const inside = [ec2.describeSubnets({ Filters }), ec2.describeRouteTables({ Filters }), ec2.describeSecurityGroups({ Filters })]
  await Promise.all([
    machine.then(() => ec2.releaseAddress({ AllocationId: addresses.Addresses[0].AllocationId })),
    Promise.all([machine, ...inside]).then(([, subnets, , groups]) => removeNetwork({ vpcs, gateways, subnets, groups })),
    removeProfile(),
    ecr.deleteRepository({ repositoryName: 'bare/one/web', force: true }),
  ])
  await look()
  await ssm.deleteParameters({ Names: [`${path}/ledger`, `${path}/lease`] })
}

async function removeMachine(InstanceId) {
  await ec2.terminateInstances({ InstanceIds: [InstanceId] })
  await ec2.describeInstances({ InstanceIds: [InstanceId] })
}

async function removeProfile() {
  await iam.removeRoleFromInstanceProfile({ InstanceProfileName: name, RoleName: name })
  await Promise.all([
    iam.deleteInstanceProfile({ InstanceProfileName: name }),
    iam.detachRolePolicy({ RoleName: name, PolicyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore' }),
    iam.deleteRolePolicy({ RoleName: name, PolicyName: name }),
  ])
  await iam.deleteRole({ RoleName: name })
}

async function removeNetwork({ vpcs, gateways, subnets, groups }) {
  const VpcId = vpcs.Vpcs[0].VpcId
  const { InternetGatewayId } = gateways.InternetGateways[0]
  const gateway = async () => {
    await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
    await ec2.deleteInternetGateway({ InternetGatewayId })
  }
  const remove = ({ SubnetId }) => ec2.deleteSubnet({ SubnetId })
  await Promise.all([...subnets.Subnets.map(remove), gateway(), ec2.deleteSecurityGroup({ GroupId: groups.SecurityGroups[0].GroupId })])
  await ec2.deleteVpc({ VpcId })
}

await (verb === 'provision' ? provision() : destroy())
