// time limit: 180 s
/**
 * The network of a stage through deploys: kept, repaired, made anew, exchanged for one of somebody else, and removed.
 */
import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../config/config.ts'
import { Inventory } from '../../src/aws/graph/inventory.ts'
import { tagList } from '../../src/aws/tags.ts'
import { askCloud } from '../../src/local/admin/client.ts'
import { deploy } from '../../src/release/deploy.ts'
import { destroy } from '../../src/release/destroy.ts'
import { carryOut } from '../../src/release/plan/carry-out.ts'
import { linesOf } from '../../src/release/plan/plan.ts'
import { planDeploy, planProvision } from '../../src/release/plan/plan-deploy.ts'
import { planDestroy } from '../../src/release/plan/plan-destroy.ts'
import { lookForPlan } from '../../src/release/plan/work.ts'
import { ownerOf, stackTags } from '../../src/release/stage/names.ts'
import { ownedResourcesOf } from '../../src/release/stage/owned-resources.ts'
import { retire } from '../../src/release/stage/retire.ts'
import { lookAt } from '../../src/release/state/stage-state.ts'
import { withLease } from '../../src/release/state/with-lease.ts'
import type { Failure } from '../../src/report/failure.ts'
import { createTestCloud, errorOf, freePort } from '../support/cloud.ts'
import { configOf } from './config.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const ec2 = await clients.ec2()
const config = configOf({ port: await freePort() })
test.after(async () => {
  await cloud.end()
  rmSync(config.folder, { recursive: true })
})
test.after.each(() => cloud.faults())

const { signal } = new AbortController()
const emit = () => undefined
const options = { clients, id: config, signal, emit }

async function provision(also: Partial<Config> = {}): Promise<string[]> {
  return await withLease({ ...options, verb: 'provision' }, async (lease) => {
    const work = await lookForPlan(clients, { ...config, ...also }, emit, 'provision')
    const plan = planProvision(work)
    await deploy(work, plan, { lease, signal })
    return linesOf(plan.operations).map(({ what, detail }) => `${what}: ${detail}`)
  })
}

async function destroyStage() {
  return await withLease({ ...options, verb: 'destroy' }, async (lease) =>
    destroy(await planDestroy(clients, config, lease, emit), { lease, signal }),
  )
}

/** What there is, as `vpc (release 1)`, sorted. */
async function contents(): Promise<string[]> {
  const found = await ownedResourcesOf(new Inventory(clients, ownerOf(config)))
  return found.map(({ kind, release }) => (release === undefined ? kind : `${kind} (release ${release})`)).sort()
}

const ofStage = ['elastic ip', 'instance profile', 'repository', 'role']
const network = ['internet gateway', 'subnet', 'subnet', 'vpc']
const stackOf = (release: number) => ['instance', 'security group'].map((kind) => `${kind} (release ${release})`)

/** The VPC and the subnet of the machine that serves. */
async function placeOfServing() {
  const { serving } = await lookAt(clients, config)
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [serving!.instance.id] })
  const { VpcId, SubnetId } = Reservations![0]!.Instances![0]!
  return { vpcId: VpcId!, subnetId: SubnetId! }
}

test('a second release stands in the network of the first, which is repaired where it has changed, and goes without it', async () => {
  await provision()
  const before = await placeOfServing()
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [before.vpcId] }] })
  await ec2.deleteRoute({ RouteTableId: RouteTables![0]!.RouteTableId, DestinationCidrBlock: '0.0.0.0/0' })
  const shown = await provision()
  assert.ok(shown.includes(`network: ${before.vpcId} kept`), shown.join('\n'))
  assert.equal(await placeOfServing(), before)
  const { RouteTables: now } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [before.vpcId] }] })
  assert.ok(now![0]!.Routes!.some(({ GatewayId, State }) => GatewayId?.startsWith('igw-') && State === 'active'))
  await retire({ clients, signal, emit }, config, 1, 'retire')
  assert.equal(await contents(), [...stackOf(2), ...ofStage, ...network].sort())
})

test('a machine stands in the other subnet where the first zone has no capacity', async () => {
  const before = await placeOfServing()
  const none = { code: 'InsufficientInstanceCapacity', message: 'none free', status: 500 }
  await cloud.faults({ action: 'ec2:RunInstances', before: none, count: 1 })
  await provision()
  const after = await placeOfServing()
  assert.is(after.vpcId, before.vpcId)
  assert.is.not(after.subnetId, before.subnetId)
})

test('to recreate removes the network as well, with everything in it, and makes it anew', async () => {
  const before = await placeOfServing()
  const shown = await provision({ strategy: 'recreate' })
  assert.ok(shown.includes(`network: ${before.vpcId}: before it is made anew`), shown.join('\n'))
  assert.is.not((await placeOfServing()).vpcId, before.vpcId)
  assert.equal(await contents(), [...stackOf(4), ...ofStage, ...network].sort())
  assert.is((await ec2.describeVpcs({})).Vpcs!.length, 1)
})

/** A network of somebody else: public, in two zones. */
async function theirs() {
  const vpcId = (await ec2.createVpc({ CidrBlock: '10.7.0.0/16' })).Vpc!.VpcId!
  const gateway = (await ec2.createInternetGateway({})).InternetGateway!.InternetGatewayId!
  await ec2.attachInternetGateway({ InternetGatewayId: gateway, VpcId: vpcId })
  const table = (await ec2.createRouteTable({ VpcId: vpcId })).RouteTable!.RouteTableId!
  await ec2.createRoute({ RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway })
  const subnetIds: string[] = []
  for (const [index, letter] of ['b', 'c'].entries()) {
    const made = await ec2.createSubnet({ VpcId: vpcId, CidrBlock: `10.7.${index}.0/24`, AvailabilityZone: `eu-west-1${letter}` })
    subnetIds.push(made.Subnet!.SubnetId!)
    await ec2.associateRouteTable({ RouteTableId: table, SubnetId: made.Subnet!.SubnetId! })
  }
  return { vpcId, subnetIds, gateway, table }
}

test('a network that the config names is looked at before anything is made, and all that it lacks is said at once', async () => {
  const before = await contents()
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.8.0.0/16' })).Vpc!.VpcId!
  const inside = (await ec2.createSubnet({ VpcId, CidrBlock: '10.8.0.0/24' })).Subnet!.SubnetId!
  const elsewhere = (await placeOfServing()).subnetId
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsSupport: { Value: false } })
  const absent = 'subnet-0123456789abcdef0'
  const failure = (await errorOf(provision({ network: { vpcId: VpcId, subnetIds: [inside, elsewhere, absent] } }))) as Failure
  assert.is(failure.code, 2)
  const [first, ...lacks] = failure.message.split('\n')
  assert.is(first, 'The network of the config cannot be used')
  assert.is(lacks.length, 4)
  assert.match(lacks[0]!, `${VpcId} resolves no names`)
  assert.match(lacks[1]!, new RegExp(`^  ${inside} is not public: rtb-\\w+ has no active route`))
  assert.match(lacks[2]!, `${elsewhere} belongs to vpc-`)
  assert.match(lacks[3]!, `there is no ${absent}`)
  const nowhere = { vpcId: 'vpc-0123456789abcdef0', subnetIds: [absent] }
  assert.match((await errorOf(provision({ network: nowhere }))).message, /there is no vpc-0123456789abcdef0 in eu-west-1/)
  assert.equal(await contents(), before)
  await ec2.deleteSubnet({ SubnetId: inside })
  await ec2.deleteVpc({ VpcId })
})

test('a release comes up in a network of somebody else, which is never changed; the own one goes when nothing stands in it', async () => {
  const their = await theirs()
  const seen = async () => {
    const Filters = [{ Name: 'vpc-id', Values: [their.vpcId] }]
    const [{ Vpcs }, { Subnets }, { RouteTables }] = await Promise.all([
      ec2.describeVpcs({ Filters }),
      ec2.describeSubnets({ Filters }),
      ec2.describeRouteTables({ Filters }),
    ])
    const fixed = Subnets!.map(({ AvailableIpAddressCount, ...subnet }) => subnet)
    return { Vpcs, fixed, RouteTables }
  }
  const untouched = await seen()
  const also = { network: { vpcId: their.vpcId, subnetIds: their.subnetIds } }
  const old = await placeOfServing()
  await provision(also)
  assert.equal(await placeOfServing(), { vpcId: their.vpcId, subnetId: their.subnetIds[0] })
  // Release 4, which had served before, still stands in the stage's own network.
  assert.equal(await contents(), [...stackOf(4), ...stackOf(5), ...ofStage, ...network].sort())
  const plan = planDeploy(await lookForPlan(clients, { ...config, ...also }, emit, 'deploy'))
  const last = plan.operations.all.slice(-2)
  assert.equal(linesOf({ all: last.slice(-1) })[0]!.detail, `${old.vpcId}: the config names ${their.vpcId} instead`)
  await retire({ clients, signal, emit }, config, 4, 'retire')
  const carried = await carryOut([{ ...last[1]!, after: [] }], { emit, signal, undoSignal: signal })
  assert.ok(carried.ok)
  assert.equal(await contents(), [...stackOf(5), ...ofStage].sort())

  // A group without a machine is found there as well, although the stage has no VPC.
  const tags = stackTags(config, 9, 'security-group')
  const TagSpecifications = [{ ResourceType: 'security-group' as const, Tags: tagList(tags) }]
  await ec2.createSecurityGroup({ VpcId: their.vpcId, GroupName: 'left', Description: 'left over', TagSpecifications })
  assert.equal((await lookAt(clients, { ...config, ...also })).releases, [5, 9])

  await provision()
  assert.is.not((await placeOfServing()).vpcId, their.vpcId)
  const receipt = await destroyStage()
  assert.equal([receipt.failure, receipt.left, await contents()], [undefined, [], []])
  assert.equal(await seen(), untouched)
  for (const SubnetId of their.subnetIds) await ec2.deleteSubnet({ SubnetId })
  await ec2.deleteRouteTable({ RouteTableId: their.table })
  await ec2.detachInternetGateway({ InternetGatewayId: their.gateway, VpcId: their.vpcId })
  await ec2.deleteInternetGateway({ InternetGatewayId: their.gateway })
  await ec2.deleteVpc({ VpcId: their.vpcId })
})

test('a release of an earlier version, which has a network to itself, is retired with it', async () => {
  const spec = (type: 'vpc' | 'subnet' | 'internet-gateway' | 'route-table' | 'security-group') => ({
    TagSpecifications: [{ ResourceType: type, Tags: tagList(stackTags(config, 1, type)) }],
  })
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16', ...spec('vpc') })).Vpc!.VpcId!
  const SubnetId = (await ec2.createSubnet({ VpcId, CidrBlock: '10.0.0.0/24', ...spec('subnet') })).Subnet!.SubnetId!
  const InternetGatewayId = (await ec2.createInternetGateway(spec('internet-gateway'))).InternetGateway!.InternetGatewayId!
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId })
  const RouteTableId = (await ec2.createRouteTable({ VpcId, ...spec('route-table') })).RouteTable!.RouteTableId!
  await ec2.associateRouteTable({ RouteTableId, SubnetId })
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId })
  await ec2.createSecurityGroup({ VpcId, GroupName: 'shop-test-1', Description: 'd', ...spec('security-group') })

  const shown = await provision()
  assert.ok(shown.includes('network: vpc, subnets in two zones, internet gateway'), shown.join('\n'))
  assert.ok(shown.includes('stack: release 1: left over by a run that did not end'))
  assert.equal(await contents(), [...stackOf(2), ...ofStage, ...network].sort())
})

test('destroy takes along what GuardDuty has put into our network, and its receipt says so', async () => {
  await askCloud(cloud.folder, 'guardduty', { enabled: true })
  const receipt = await destroyStage()
  assert.equal([receipt.failure, receipt.left], [undefined, []])
  assert.equal([...new Set(receipt.taken.map(({ kind }) => kind))].sort(), ['GuardDuty endpoint', 'GuardDuty security group'])
  assert.ok(receipt.taken.every(({ id }) => receipt.removed.some((each) => each.id === id)))
  assert.equal((await ec2.describeVpcs({})).Vpcs, [])
})

test.run()
