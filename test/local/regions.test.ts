import { createHash } from 'node:crypto'
import { EC2 } from '@aws-sdk/client-ec2'
import { ECR } from '@aws-sdk/client-ecr'
import { IAM } from '@aws-sdk/client-iam'
import { SSM } from '@aws-sdk/client-ssm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal } from './cloud.fixture.ts'

let plane: ControlPlane
test.before(async () => {
  plane = await openControlPlane()
})
test.after(() => plane.close())

function clientsIn(region: string) {
  const options = { endpoint: plane.endpoint, region, credentials: plane.credentials, maxAttempts: 1 }
  return { ec2: new EC2(options), ecr: new ECR(options), iam: new IAM(options), ssm: new SSM(options) }
}
const [here, there] = ['eu-west-1', 'ap-southeast-1']

test('a network of one region is not there in another, which counts its own', async () => {
  const [one, other] = [clientsIn(here), clientsIn(there)]
  const { Vpc } = await one.ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  const VpcId = Vpc!.VpcId!
  assert.equal((await other.ec2.describeVpcs({})).Vpcs, [])
  assert.match(await refusal(other.ec2.deleteVpc({ VpcId })), /^InvalidVpcID.NotFound/)
  for (let count = 1; count < 5; count++) await one.ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  assert.match(await refusal(one.ec2.createVpc({ CidrBlock: '10.0.0.0/16' })), /^VpcLimitExceeded/)
  const made = await other.ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  const subnet = { VpcId: made.Vpc!.VpcId, CidrBlock: '10.0.0.0/24' }
  const { Subnet } = await other.ec2.createSubnet(subnet)
  assert.equal([Subnet!.AvailabilityZone, Subnet!.SubnetArn?.split(':')[3]], [`${there}a`, there])
  assert.is((await other.ec2.describeVpcs({})).Vpcs?.length, 1)
})

test('machines and addresses of two regions share the loopback, and so no address', async () => {
  const [one, other] = [clientsIn(here), clientsIn(there)]
  const launch = async ({ ec2 }: typeof one) => {
    const [vpc] = (await ec2.describeVpcs({})).Vpcs!
    const { Subnet } = await ec2.createSubnet({ VpcId: vpc!.VpcId, CidrBlock: '10.0.7.0/24' })
    const [image] = (await ec2.describeImages({ Filters: [{ Name: 'architecture', Values: ['x86_64'] }] })).Images!
    const launched = { ImageId: image!.ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const, SubnetId: Subnet!.SubnetId }
    return (await ec2.runInstances(launched)).Instances![0]!
  }
  const instances = [await launch(one), await launch(other)]
  assert.is(new Set(instances.map(({ PrivateIpAddress }) => PrivateIpAddress)).size, 2)
  assert.equal(
    plane.cloud.store.list('instance').map(({ Region }) => Region),
    [here, there],
  )
  assert.is((await other.ec2.describeInstances({})).Reservations?.length, 1)
  assert.match(await refusal(other.ec2.terminateInstances({ InstanceIds: [instances[0]!.InstanceId!] })), /^InvalidInstanceID.NotFound/)
  const addresses = [await one.ec2.allocateAddress({}), await other.ec2.allocateAddress({})]
  assert.is(new Set(addresses.map(({ PublicIp }) => PublicIp)).size, 2)
  assert.is((await other.ec2.describeAddresses({})).Addresses?.length, 1)
})

test('a parameter and a repository may have the same name in two regions; a role is the same in both', async () => {
  const [one, other] = [clientsIn(here), clientsIn(there)]
  await one.ssm.putParameter({ Name: '/shop/ledger', Value: 'one', Type: 'String' })
  await other.ssm.putParameter({ Name: '/shop/ledger', Value: 'other', Type: 'String' })
  assert.is((await one.ssm.getParameter({ Name: '/shop/ledger' })).Parameter?.Value, 'one')
  await other.ssm.deleteParameters({ Names: ['/shop/ledger'] })
  assert.is((await one.ssm.getParameter({ Name: '/shop/ledger' })).Parameter?.Version, 1)

  for (const { ecr } of [one, other]) await ecr.createRepository({ repositoryName: 'shop/images' })
  assert.match((await other.ecr.describeRepositories({})).repositories![0]!.repositoryArn!, /^arn:aws:ecr:ap-southeast-1:/)

  const trust = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }
  const role = { RoleName: 'shop', AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }) }
  await one.iam.createRole(role)
  assert.is((await other.iam.getRole({ RoleName: 'shop' })).Role?.RoleName, 'shop')
  assert.match(await refusal(other.iam.createRole(role)), /^EntityAlreadyExists/)
})

test('a login is for the registry of the region that gave it, and a layer that both have stays until neither does', async () => {
  const [one, other] = [clientsIn(here), clientsIn(there)]
  const layer = 'a layer'
  const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`
  const loginOf = async ({ ecr }: typeof one) => {
    const { authorizationData } = await ecr.getAuthorizationToken({})
    return { authorization: `Basic ${authorizationData![0]!.authorizationToken}` }
  }
  const [mine, theirs] = [await loginOf(one), await loginOf(other)]
  const blobs = `${plane.endpoint}/v2/shop/images/blobs`
  const status = async (headers: Record<string, string>) => (await fetch(`${blobs}/${digest}`, { headers })).status
  const push = async (headers: Record<string, string>) => {
    const { headers: begun } = await fetch(`${blobs}/uploads/`, { method: 'POST', headers })
    const upload = new URL(begun.get('location')!, plane.endpoint)
    upload.searchParams.set('digest', digest)
    return (await fetch(upload, { method: 'PUT', headers, body: layer })).status
  }
  assert.is(await push(mine), 201)
  assert.equal([await status(mine), await status(theirs)], [200, 404])
  assert.is(await push(theirs), 201)
  await one.ecr.deleteRepository({ repositoryName: 'shop/images', force: true })
  assert.equal([await status(mine), await status(theirs)], [404, 200])
})

test.run()
