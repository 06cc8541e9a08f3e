import { connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { instanceFolder } from '../../../../src/local/machine/folder.ts'
import { metadataEndpoint } from '../../../../src/local/machine/metadata/metadata.ts'
import { quote } from '../../../../src/report/quote.ts'
import { type Asker, noStranger, type Question, startAsker, stranger } from '../../../support/asker.ts'
import { createSmallCloud, until } from '../small-cloud.fixture.ts'

const small = createSmallCloud()
let id: string
let endpoint: string
let token: string
/** A program on the instance. */
let inside: Asker

const wanted: Question = { url: '/latest/api/token', method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } }

test.before(async () => {
  id = small.launch({ PublicIpAddress: '127.64.0.9', UserData: Buffer.from('hello').toString('base64') })
  await small.online(id)
  endpoint = metadataEndpoint(instanceFolder(small.cloud.folder, id))!
  inside = await startAsker({ MLOPS_INSTANCE: id })
  token = (await inside.ask({ ...wanted, url: `${endpoint}${wanted.url}` })).text!
})
test.after(async () => {
  inside.end()
  await small.end()
})

async function get(path: string, headers: Record<string, string> | string[] = { 'x-aws-ec2-metadata-token': token }, method = 'GET') {
  const { status, text = '', error } = await inside.ask({ url: `${endpoint}${path}`, headers, method })
  assert.is(error, undefined)
  return { status, text }
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
  // Its agent loses its connection with the address it had, and makes a new one.
  await small.online(id)
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

test('a web page has no use of a name that was made to point here, nor of the right one', async () => {
  const { host } = new URL(endpoint)
  const asked = async (headers: string[]) =>
    (await get('/latest/api/token', ['x-aws-ec2-metadata-token-ttl-seconds', '60', ...headers], 'PUT')).status
  assert.is(await asked(['host', host]), 200)
  assert.is(await asked(['host', '169.254.169.254']), 200)
  for (const name of ['evil.example', `evil.example:${host.split(':')[1]}`, '127.0.0.1', `localhost:${host.split(':')[1]}`])
    assert.is(await asked(['host', name]), 403, name)
  assert.is(await asked(['host', host, 'origin', `http://${host}`]), 403)
  assert.is(await asked(['host', host, 'sec-fetch-site', 'same-origin']), 403)
  assert.is(await asked(['host', host, 'Host', host]), 403)
})

/** What somebody gets who asks for a token, with everything right about the request. */
async function tried(env: Record<string, string>, uid?: number) {
  const asker = await startAsker(env, uid)
  try {
    return await asker.ask({ ...wanted, url: `${endpoint}${wanted.url}` })
  } finally {
    asker.end()
  }
}

test('a program of this computer that is none of the instance has its connection broken, and learns nothing', async () => {
  assert.equal(await tried({}), { error: 'ECONNRESET' })
  assert.equal(await tried({ MLOPS_INSTANCE: 'i-00000000000000000' }), { error: 'ECONNRESET' })
  assert.is((await tried({ MLOPS_INSTANCE: id })).status, 200)
})

test('what is no request gets no word either', async () => {
  const { hostname, port } = new URL(endpoint)
  const said = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write('what?\r\n\r\n'))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
  assert.is(said, '')
})

test('containers with a network of their own are one hop too far; those on the machine’s are not, nor is what was started without an environment', async () => {
  assert.equal(await tried({ MLOPS_INSTANCE: id, MLOPS_NETWORK: 'mlops' }), { error: 'ECONNRESET' })
  const bare = `env -i ${quote(process.execPath)} -e ${quote(`
    fetch('${endpoint}/latest/api/token', { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } })
      .then((answer) => console.log(answer.status), (error) => console.log(error.cause.code))`)}`
  const { StandardOutputContent } = await small.sh(id, bare)
  assert.is(StandardOutputContent, '200\n')
  const { StandardOutputContent: farther } = await small.sh(id, `MLOPS_NETWORK=mlops sh -c ${quote(`${bare}; true`)}`)
  assert.match(farther, /^(ECONNRESET|UND_ERR_SOCKET)\n$/)
})

if (noStranger === undefined)
  test('another user of this computer has the connection refused or broken, also with the mark of the instance', async () => {
    const { error, status } = await tried({ MLOPS_INSTANCE: id }, stranger)
    assert.is(status, undefined)
    assert.match(error!, /^ECONN(RESET|REFUSED)$/)
  })

test.run()
