import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { instanceFolder } from '../../../src/local/machine/folder.ts'
import { metadataEndpoint } from '../../../src/local/machine/metadata.ts'
import { createSmallCloud, until } from './small-cloud.ts'

const small = createSmallCloud()
let id: string
let endpoint: string
let token: string

test.before(async () => {
  id = small.launch({ PublicIpAddress: '127.64.0.9', UserData: Buffer.from('hello').toString('base64') })
  await small.online(id)
  endpoint = metadataEndpoint(instanceFolder(small.cloud.folder, id))!
  token = await (
    await fetch(`${endpoint}/latest/api/token`, { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } })
  ).text()
})
test.after(() => small.end())

async function get(path: string, headers: Record<string, string> = { 'x-aws-ec2-metadata-token': token }, method = 'GET') {
  const response = await fetch(`${endpoint}${path}`, { headers, method })
  return { status: response.status, text: await response.text() }
}

test('there is nothing without a token: only version 2 of the service answers', async () => {
  assert.is((await get('/latest/meta-data/instance-id', {})).status, 401)
  assert.is((await get('/latest/meta-data/instance-id', { 'x-aws-ec2-metadata-token': 'guessed' })).status, 401)
  assert.is((await get('/latest/meta-data/instance-id')).text, id)
})

test('a token must be asked for with PUT and a time from 1 s to 6 h, and not through a proxy', async () => {
  const ask = (seconds: string, method = 'PUT', also = {}) =>
    get('/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': seconds, ...also }, method)
  assert.is((await ask('0')).status, 400)
  assert.is((await ask('21601')).status, 400)
  assert.is((await ask('60', 'GET')).status, 405)
  assert.is((await ask('60', 'PUT', { 'x-forwarded-for': '192.0.2.1' })).status, 403)
  assert.is((await get('/latest/meta-data/', undefined, 'POST')).status, 405)
})

test('it knows the addresses, the place and the identity of the instance', async () => {
  const { PrivateIpAddress } = small.instance(id)
  assert.is((await get('/latest/meta-data/local-ipv4')).text, PrivateIpAddress)
  assert.is((await get('/latest/meta-data/public-ipv4')).text, '127.64.0.9')
  assert.is((await get('/latest/meta-data/placement/region')).text, 'ap-southeast-1')
  assert.is((await get('/latest/meta-data/placement/availability-zone')).text, 'ap-southeast-1a')
  assert.is((await get('/latest/user-data')).text, 'hello')
  assert.is(JSON.parse((await get('/latest/dynamic/instance-identity/document')).text).instanceId, id)
  assert.match((await get('/latest/meta-data/')).text, /^iam\/$/m)
  assert.is((await get('/latest/meta-data/nothing')).status, 404)
})

test('the public address is the Elastic IP as soon as one is associated', async () => {
  small.cloud.store.put('address', 'eipalloc-1', { AllocationId: 'eipalloc-1', PublicIp: '127.0.0.77', InstanceId: id, Tags: [] })
  small.cloud.machines.reconcile()
  await until(async () => (await get('/latest/meta-data/public-ipv4')).text === '127.0.0.77', 'the address has changed')
})

test('it hands out the credentials of the role', async () => {
  assert.is((await get('/latest/meta-data/iam/security-credentials/')).text, 'test-role')
  const credentials = JSON.parse((await get('/latest/meta-data/iam/security-credentials/test-role')).text)
  assert.is(credentials.Code, 'Success')
  assert.is(credentials.AccessKeyId, 'ASIATEST')
  assert.ok(Date.parse(credentials.Expiration) > Date.now())
  assert.is((await get('/latest/meta-data/iam/security-credentials/other')).status, 404)
})

test('programs on the instance find it by its variable, and curl by its well-known address', async () => {
  const { StandardOutputContent, StandardErrorContent } = await small.sh(
    id,
    `for base in "$AWS_EC2_METADATA_SERVICE_ENDPOINT" http://169.254.169.254; do
       token=$(curl -fsS -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' "$base/latest/api/token")
       curl -fsS -H "x-aws-ec2-metadata-token: $token" "$base/latest/meta-data/instance-id"; echo
     done`,
  )
  assert.is(StandardOutputContent, `${id}\n${id}\n`, StandardErrorContent)
})

test.run()
