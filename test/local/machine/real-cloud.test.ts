// time limit: 180 s
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EC2 } from '@aws-sdk/client-ec2'
import { ECR } from '@aws-sdk/client-ecr'
import { IAM } from '@aws-sdk/client-iam'
import { SSM } from '@aws-sdk/client-ssm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { buildServiceImage } from '../../../src/image/image.ts'
import { pushImage } from '../../../src/image/registry/push.ts'
import { identify, processesOf } from '../../../src/local/machine/process-table.ts'
import { startCloud, stopCloud } from '../../../src/local/process/start.ts'
import { until } from './small-cloud.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'real-cloud-'))
const project = join(import.meta.dirname, '../../..')
let clients: { ec2: EC2; ecr: ECR; iam: IAM; ssm: SSM }
// Another cloud on this machine gives its instances the same addresses, so tests at the same time keep to ports of
// their own.
const port = 20_000 + (process.pid % 10_000)
let id = ''
let reference = ''

test.before(async () => {
  // Longer than anything takes that is to be over before.
  process.env.MLOPS_OWN_ADDRESS_MS = '15000'
  const { endpoint, region, credentials } = await startCloud({ folder, port: 0 })
  const options = { endpoint, region, credentials }
  clients = { ec2: new EC2(options), ecr: new ECR(options), iam: new IAM(options), ssm: new SSM(options) }
})
test.after(async () => {
  const { pid } = JSON.parse(readFileSync(join(folder, 'cloud.json'), 'utf8'))
  await stopCloud({ folder })
  // It keeps its compiled code in the folder with its last breath.
  await until(() => !identify(pid), 'the cloud has ended')
  rmSync(folder, { recursive: true, force: true })
  assert.equal(processesOf(id), [], 'nothing of the instance is left')
})

test('an instance is launched through AWS’s own client, and its agent registers by the rights of its role', async () => {
  const { ec2, iam, ssm } = clients
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  })
  await iam.createRole({ RoleName: 'machine-role', AssumeRolePolicyDocument })
  await iam.attachRolePolicy({ RoleName: 'machine-role', PolicyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore' })
  const pull = ['ecr:GetAuthorizationToken', 'ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage']
  await iam.putRolePolicy({
    RoleName: 'machine-role',
    PolicyName: 'pull',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: pull, Resource: '*' }] }),
  })
  await iam.createInstanceProfile({ InstanceProfileName: 'machine' })
  await iam.addRoleToInstanceProfile({ InstanceProfileName: 'machine', RoleName: 'machine-role' })
  const { Vpc } = await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  const { Subnet } = await ec2.createSubnet({ VpcId: Vpc!.VpcId!, CidrBlock: '10.0.1.0/24' })
  const { Parameter } = await ssm.getParameter({ Name: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64' })
  const { Instances } = await ec2.runInstances({
    ImageId: Parameter!.Value!,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: Subnet!.SubnetId!, AssociatePublicIpAddress: true }],
    IamInstanceProfile: { Name: 'machine' },
  })
  id = Instances![0]!.InstanceId!
  await until(async () => {
    const { InstanceInformationList } = await ssm.describeInstanceInformation({ Filters: [{ Key: 'InstanceIds', Values: [id] }] })
    return InstanceInformationList?.[0]?.PingStatus === 'Online'
  }, 'the agent is online')
})

test('it pulls from ECR with the credentials of its role, through the credential helper, and runs the image', async () => {
  const { ecr } = clients
  const { repository } = await ecr.createRepository({ repositoryName: 'team/ml-inference' })
  const [host = ''] = repository!.repositoryUri!.split('/')
  const { authorizationData } = await ecr.getAuthorizationToken({})
  const image = await buildServiceImage({
    name: 'ml-inference',
    entry: join(project, 'services/ml-inference/server.ts'),
    projectFolder: project,
    base: 'host',
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    cacheFolder: join(folder, 'cache'),
  })
  const authorization = `Basic ${authorizationData![0]!.authorizationToken}`
  ;({ reference } = await pushImage(image, { registry: `http://${host}`, repository: 'team/ml-inference', authorization }))

  const result = await run(`
    export DOCKER_CONFIG="$MLOPS_ROOT/docker-config"
    mkdir -p "$DOCKER_CONFIG"
    echo '{"credHelpers":{"${host}":"ecr-login"}}' > "$DOCKER_CONFIG/config.json"
    docker pull -q ${reference} && docker run -d --name ml-inference -p ${port}:${port} -e PORT=${port} ${reference} || exit 1
    for i in 1 2 3 4 5 6 7 8 9 10; do curl -fsS http://127.0.0.1:${port}/health && exit 0; sleep 0.3; done
    docker logs ml-inference; exit 1`)
  assert.is(result.Status, 'Success', `${result.StandardOutputContent}\n${result.StandardErrorContent}`)
  assert.match(result.StandardOutputContent!, /"status":"healthy"/)
})

test('without a public address, what the machine asks of AWS is left without an answer', async () => {
  const { ec2, ssm } = clients
  const { Vpcs } = await ec2.describeVpcs({})
  const { InternetGateway } = await ec2.createInternetGateway({})
  await ec2.attachInternetGateway({ InternetGatewayId: InternetGateway!.InternetGatewayId!, VpcId: Vpcs![0]!.VpcId! })
  const { AllocationId } = await ec2.allocateAddress({})
  const { AssociationId } = await ec2.associateAddress({ AllocationId, InstanceId: id })
  const ping = async () => (await ssm.describeInstanceInformation({})).InstanceInformationList?.[0]?.PingStatus
  await until(async () => (await ping()) === 'Online', 'the agent has noticed that its address is another one')
  const [host] = reference.split('/')
  const { Command } = await ssm.sendCommand({
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [id],
    Parameters: {
      commands: [
        'until [ -e "$MLOPS_ROOT/cut" ]; do sleep 0.1; done',
        `export DOCKER_CONFIG="$MLOPS_ROOT/docker-config"; docker rm -f ml-inference; docker rmi ${reference}; timeout -s KILL 3 docker pull ${host}/team/ml-inference@${reference.split('@')[1]}; echo "pulled: $?"`,
      ],
    },
  })
  const get = () => ssm.getCommandInvocation({ CommandId: Command!.CommandId!, InstanceId: id })
  await until(async () => (await get()).Status === 'InProgress', 'the command runs')
  await ec2.disassociateAddress({ AssociationId })
  assert.is(await ping(), 'ConnectionLost')
  writeFileSync(join(folder, 'instances', id, 'root/cut'), '')
  // Another address comes by itself, and with it the agent and what it has to tell.
  await until(async () => (await get()).Status === 'Success', 'the end of the command is heard of')
  const { StandardOutputContent, StandardErrorContent } = await get()
  assert.match(StandardOutputContent!, /^pulled: 137$/m, `${StandardOutputContent}${StandardErrorContent}`)
  assert.is(await ping(), 'Online')
  await ec2.releaseAddress({ AllocationId })
})

test('without the right to pull, the pull is refused', async () => {
  await clients.iam.deleteRolePolicy({ RoleName: 'machine-role', PolicyName: 'pull' })
  const [host] = reference.split('/')
  const result = await run(`docker rm -f ml-inference; docker rmi ${reference}
    export DOCKER_CONFIG="$MLOPS_ROOT/docker-config"; docker pull ${host}/team/ml-inference@${reference.split('@')[1]}`)
  assert.is(result.Status, 'Failed')
  assert.match(result.StandardErrorContent!, /denied|not authorized|403/)
})

async function run(script: string) {
  const { ssm } = clients
  const { Command } = await ssm.sendCommand({
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [id],
    Parameters: { commands: script.split('\n') },
  })
  const get = () => ssm.getCommandInvocation({ CommandId: Command!.CommandId!, InstanceId: id })
  await until(async () => !['Pending', 'InProgress'].includes((await get()).Status!), 'the command ends')
  return get()
}

test.run()
