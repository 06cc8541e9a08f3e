import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal } from '../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']
let ids: string[]

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
  ids = []
  for (const name of ['one', 'two', 'three', 'four', 'five', 'six', 'seven']) {
    const Tags = [{ Key: 'name', Value: name }, ...(name.startsWith('t') ? [{ Key: 'begins', Value: 't*' }] : [])]
    const { InternetGateway } = await ec2.createInternetGateway({ TagSpecifications: [{ ResourceType: 'internet-gateway', Tags }] })
    ids.push(InternetGateway?.InternetGatewayId as string)
  }
})
test.after(() => plane.close())

async function found(...Filters: { Name: string; Values: string[] }[]): Promise<string[]> {
  const { InternetGateways = [] } = await ec2.describeInternetGateways({ Filters })
  return InternetGateways.map(({ Tags }) => Tags?.find(({ Key }) => Key === 'name')?.Value ?? '')
}

test('filters are joined by AND, their values by OR, and * and ? are wildcards', async () => {
  assert.equal(await found({ Name: 'tag:name', Values: ['one', 'two'] }), ['one', 'two'])
  assert.equal(await found({ Name: 'tag:name', Values: ['f*'] }), ['four', 'five'])
  assert.equal(await found({ Name: 'tag:name', Values: ['s?x'] }), ['six'])
  assert.equal(await found({ Name: 'tag-key', Values: ['begins'] }, { Name: 'tag:name', Values: ['three', 'four'] }), ['three'])
  assert.equal(await found({ Name: 'internet-gateway-id', Values: [ids[0] as string] }), ['one'])
  assert.equal(await found({ Name: 'attachment.vpc-id', Values: ['*'] }), [])
})

test('a filter that is not known, or has no value, is refused rather than ignored', async () => {
  assert.is(await refusal(found({ Name: 'tag', Values: ['one'] })), "InvalidParameterValue: The filter 'tag' is invalid")
  assert.is(await refusal(found({ Name: 'constructor', Values: ['one'] })), "InvalidParameterValue: The filter 'constructor' is invalid")
  assert.match(await refusal(found({ Name: 'owner-id', Values: [] })), /must have at least one value/)
})

test('pages skip nothing, also when what was shown is deleted in between', async () => {
  const seen: string[] = []
  let NextToken: string | undefined
  do {
    const answer = await ec2.describeInternetGateways({ MaxResults: 5, ...(NextToken && { NextToken }) })
    for (const { InternetGatewayId } of answer.InternetGateways ?? []) {
      seen.push(InternetGatewayId as string)
      await ec2.deleteInternetGateway({ InternetGatewayId })
    }
    NextToken = answer.NextToken
  } while (NextToken)
  assert.equal(seen.sort(), ids.sort())
  assert.match(await refusal(ec2.describeInternetGateways({ MaxResults: 4 })), /Expecting a value from 5 to 1000/)
  assert.match(await refusal(ec2.describeInternetGateways({ NextToken: '8J+Ygg' })), /The token provided is invalid/)
})

test('tags are set, changed, found and removed on whatever has tags', async () => {
  const id = (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId as string
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId as string
  await ec2.createTags({
    Resources: [id, VpcId],
    Tags: [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ],
  })
  await ec2.createTags({ Resources: [id], Tags: [{ Key: 'a', Value: '<&>"' }] })
  const { Tags } = await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [id] }] })
  assert.equal(
    Tags?.map(({ Key, Value, ResourceType }) => [Key, Value, ResourceType]),
    [
      ['a', '<&>"', 'internet-gateway'],
      ['b', '2', 'internet-gateway'],
    ],
  )
  await ec2.deleteTags({ Resources: [id], Tags: [{ Key: 'a', Value: 'other' }, { Key: 'b' }] })
  assert.equal((await ec2.describeInternetGateways({ InternetGatewayIds: [id] })).InternetGateways?.[0]?.Tags, [
    { Key: 'a', Value: '<&>"' },
  ])
  await ec2.deleteTags({ Resources: [id] })
  assert.equal((await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [id] }] })).Tags, [])
  const set = (key: string, value: string, Resources = [id]) => refusal(ec2.createTags({ Resources, Tags: [{ Key: key, Value: value }] }))
  assert.match(await set('a', 'b', ['thing-1']), /^InvalidID/)
  assert.match(await set('a', 'b', ['vpc-00000000000000000']), /^InvalidVpcID.NotFound/)
  assert.match(await set('aws:a', 'b'), /reserved for internal use/)
  assert.match(await set('', 'b'), /cannot be empty/)
  assert.match(await set('a'.repeat(129), 'b'), /maximum length of 128/)
  assert.match(await set('a', 'b'.repeat(257)), /maximum length of 256/)
  const many = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: '' }))
  assert.match(await refusal(ec2.createTags({ Resources: [id], Tags: many })), /^TagLimitExceeded/)
  assert.match(await refusal(ec2.createTags({ Resources: [id], Tags: [{ Key: 'a' }, { Key: 'a' }] })), /Duplicate tag key 'a'/)
})

test.run()
