import { request } from 'node:http'
import { EC2 } from '@aws-sdk/client-ec2'
import { IAM } from '@aws-sdk/client-iam'
import { SSM } from '@aws-sdk/client-ssm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sign } from '../../../src/local/api/signature.ts'
import { type ControlPlane, openControlPlane, refusal, region } from '../cloud.fixture.ts'

let plane: ControlPlane

test.before(async () => {
  plane = await openControlPlane()
})
test.after(() => plane.close())

interface Raw {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string> | string[]
  readonly body?: string
}

/** A request as it stands, with nothing added but what HTTP needs. */
function send({ method = 'POST', path = '/', headers = {}, body = '' }: Raw): Promise<{ status: number; text: string; type: string }> {
  const { port } = new URL(plane.endpoint)
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, method, path, headers, agent: false, setHost: !Array.isArray(headers) },
      async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          type: String(response.headers['content-type']),
        })
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}

/** A request signed as the user's, changed behind the signer's back. */
function signed({ path: url = '/', body = 'Action=DescribeVpcs&Version=2016-11-15' }: Raw, { service = 'ec2', where = region } = {}) {
  const host = new URL(plane.endpoint).host
  return sign({ method: 'POST', url, host, body }, { credentials: plane.credentials, region: where, service })
}

/** A request with further headers, which are signed too. */
function signedWith(also: Record<string, string>, body: string, service: string) {
  const host = new URL(plane.endpoint).host
  return sign({ method: 'POST', url: '/', host, body, also }, { credentials: plane.credentials, region, service })
}

const body = 'Action=DescribeVpcs&Version=2016-11-15'

test('a signed request is answered as AWS answers', async () => {
  const answer = await send({ headers: signed({ body }), body })
  assert.is(answer.status, 200)
  assert.match(
    answer.text,
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<DescribeVpcsResponse xmlns="http:\/\/ec2.amazonaws.com\/doc\/2016-11-15\/"><requestId>[0-9a-f-]{36}<\/requestId><vpcSet><\/vpcSet><\/DescribeVpcsResponse>\n$/,
  )
})

test('an unsigned request learns nothing, in whichever protocol it asks', async () => {
  const unsigned = await send({ body })
  assert.equal([unsigned.status, unsigned.type], [401, 'text/xml;charset=UTF-8'])
  assert.match(unsigned.text, /^<\?xml [^>]*>\n<Response><Errors><Error><Code>AuthFailure<\/Code>/)
  const json = await send({
    headers: { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' },
    body: '{}',
  })
  assert.is(json.status, 400)
  assert.equal(JSON.parse(json.text), { __type: 'MissingAuthenticationTokenException', message: 'Request is missing Authentication Token' })
  const admin = await send({ path: '/_cloud/status', body: '{}' })
  assert.is(admin.status, 403)
  assert.is(JSON.parse(admin.text).__type, 'MissingAuthenticationToken')
  assert.is((await send({ method: 'GET', path: '/v2/' })).status, 401)
})

test('whatever was changed after signing is noticed', async () => {
  const headers = signed({ body })
  assert.match((await send({ headers, body: `${body}&VpcId.1=vpc-1` })).text, /SignatureDoesNotMatch/)
  assert.match((await send({ headers, body, path: '/?x=y' })).text, /POST \/, \/v2\/ and \/_cloud\//)
  assert.match(
    (await send({ headers: { ...headers, 'x-amz-extra': 'x' }, body })).text,
    /The header x-amz-extra must be part of the signature/,
  )
  assert.match((await send({ headers: { ...headers, 'x-amz-content-sha256': '00' }, body })).text, /SignatureDoesNotMatch/)
  assert.match((await send({ headers: { ...headers, 'x-amz-date': '20200101T000000Z' }, body })).text, /IncompleteSignature/)
  assert.match(
    (await send({ headers: { ...headers, authorization: headers.authorization?.replace(/.$/, '-') as string }, body })).text,
    /SignatureDoesNotMatch/,
  )
  assert.match((await send({ headers: { ...headers, authorization: 'Basic abc' }, body })).text, /AuthFailure/)
})

test('a clock that is off by more than five minutes is told so, in the words of the service', async () => {
  const options = { endpoint: plane.endpoint, region, credentials: plane.credentials, maxAttempts: 1, systemClockOffset: -6 * 60_000 }
  assert.match(await refusal(new EC2(options).describeVpcs({})), /^RequestExpired: Signature expired: .* is not within 5 minutes/)
  assert.match(await refusal(new IAM(options).listRoles({})), /^SignatureDoesNotMatch/)
  assert.match(await refusal(new SSM(options).describeParameters({})), /^InvalidSignatureException/)
  const { Vpcs } = await new EC2({ ...options, systemClockOffset: -4 * 60_000 }).describeVpcs({})
  assert.equal(Vpcs, [])
})

test('a wrong secret and an unknown key are refused as each service does', async () => {
  const wrong = { endpoint: plane.endpoint, region, maxAttempts: 1, credentials: { ...plane.credentials, secretAccessKey: 'x' } }
  assert.match(await refusal(new EC2(wrong).describeVpcs({})), /^SignatureDoesNotMatch/)
  assert.match(await refusal(new SSM(wrong).describeParameters({})), /^InvalidSignatureException/)
  const unknown = { ...wrong, credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' } }
  assert.match(await refusal(new EC2(unknown).describeVpcs({})), /^AuthFailure/)
  assert.match(await refusal(new IAM(unknown).listRoles({})), /^InvalidClientTokenId/)
  assert.match(await refusal(new SSM(unknown).describeParameters({})), /^UnrecognizedClientException/)
})

test('a signature is for one service and a region; IAM and STS are everywhere', async () => {
  const options = { endpoint: plane.endpoint, region: 'nowhere', credentials: plane.credentials, maxAttempts: 1 }
  assert.match(await refusal(new EC2(options).describeVpcs({})), /valid region, not 'nowhere'/)
  assert.equal((await new IAM(options).listRoles({})).Roles, [])
  const headers = { ...signed({ body: '{}' }, { service: 'ec2' }), 'content-type': 'application/x-amz-json-1.1' }
  const target = await send({ headers: { ...headers, 'x-amz-target': 'AmazonSSM.GetParameter' }, body: '{}' })
  assert.match(target.text, /x-amz-target must be part of the signature/)
})

test('a page in a browser cannot ask: neither by a name that points here, nor with its origin', async () => {
  const port = new URL(plane.endpoint).port
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    '127.0.0.1:1',
    `127.0.0.1.evil.example:${port}`,
    `localhost.evil:${port}`,
  ]) {
    const answer = await send({ headers: { ...signed({ body }), host }, body })
    assert.equal([answer.status, JSON.parse(answer.text).__type], [403, 'InvalidHost'], host)
  }
  const answer = await send({ headers: { ...signed({ body }), origin: 'http://127.0.0.1:3000' }, body })
  assert.equal([answer.status, JSON.parse(answer.text).__type], [403, 'InvalidOrigin'])
  assert.is((await send({ method: 'GET', path: '/v2/', headers: { host: 'evil.example' } })).status, 403)
})

test('a request that names its host twice is refused, even if both names are right', async () => {
  const headers = Object.entries(signed({ body })).flat()
  const { host } = new URL(plane.endpoint)
  for (const other of [host, 'evil.example']) {
    const answer = await send({ headers: [...headers, 'Host', other], body })
    assert.equal([answer.status, JSON.parse(answer.text).__type], [400, 'InvalidHost'], other)
    const pull = await send({ method: 'GET', path: '/v2/', headers: ['host', host, 'host', other] })
    assert.equal([pull.status, JSON.parse(pull.text).__type], [400, 'InvalidHost'], other)
  }
})

test('what the cloud lacks is refused by name', async () => {
  const lacking = (service: string, text: string) => send({ headers: signed({ body: text }, { service }), body: text })
  assert.match(
    (await lacking('ec2', 'Action=CreateNatGateway')).text,
    /<Code>InvalidAction<\/Code><Message>The embedded cloud does not have the action CreateNatGateway of ec2/,
  )
  assert.match((await lacking('ec2', 'Action=constructor')).text, /does not have the action constructor of ec2/)
  assert.match((await lacking('s3', 'Action=ListBuckets')).text, /does not have the action ListBuckets of s3/)
  assert.match((await lacking('ec2', '')).text, /\(none given\)/)
  const { ssm } = plane
  assert.match(
    await refusal(ssm.listDocuments({})),
    /^UnknownOperationException: The embedded cloud does not have the action ListDocuments of ssm/,
  )
})

test('input that cannot be read is refused in AWS’s words', async () => {
  const ask = async (text: string) => (await send({ headers: signed({ body: text }), body: text })).text
  assert.match(await ask('Action=DescribeVpcs&Colour=red'), /<Code>UnknownParameter<\/Code><Message>The parameter Colour is not recognized/)
  assert.match(
    await ask('Action=CreateSubnet&CidrBlock=10.0.0.0/24'),
    /<Code>MissingParameter<\/Code><Message>The request must contain the parameter VpcId/,
  )
  assert.match(await ask('Action=DescribeVpcs&MaxResults=many'), /must be a number/)
  assert.match(await ask('Action=DescribeVpcs&DryRun=maybe'), /must be true or false/)
  assert.match(await ask('Action=DescribeVpcs&Filter.first.Name=x'), /must be numbered from 1/)
  assert.match(await ask('Action=DescribeVpcs&VpcId.1=a&VpcId.1.x=b'), /<Code>MalformedQueryString/)
  assert.match(await ask('Action=DescribeVpcs&VpcId.1.x=a&VpcId.1=b'), /<Code>MalformedQueryString/)
  assert.match(await ask('Action=CreateSubnet&VpcId.1=a'), /parts that it cannot have/)
})

test('input that is nested beyond all measure is refused as what cannot be read, in whichever protocol', async () => {
  const deep = (levels: number, open: string, close: string, core: string) => `${open.repeat(levels)}${core}${close.repeat(levels)}`
  const call = async (target: string, text: string) => {
    const service = target.startsWith('AmazonSSM') ? 'ssm' : 'ecr'
    const headers = signedWith({ 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' }, text, service)
    const { status, text: said } = await send({ headers, body: text })
    return [status, JSON.parse(said).__type]
  }
  for (const levels of [65, 100_000]) {
    const text = `{"Name":"/x","Type":"String","Value":${deep(levels, '[', ']', '1')}}`
    assert.equal(await call('AmazonSSM.PutParameter', text), [400, 'SerializationException'])
    assert.equal(await call('AmazonSSM.DescribeParameters', `{"Parameters":${deep(levels, '{"a":', '}', '1')}}`), [
      400,
      'SerializationException',
    ])
  }
  const policy = `{"rules":${deep(100_000, '[', ']', '1')}}`
  const lifecycle = JSON.stringify({ repositoryName: 'app', lifecyclePolicyText: policy })
  await call('AmazonEC2ContainerRegistry_V20150921.CreateRepository', '{"repositoryName":"app"}')
  assert.equal(await call('AmazonEC2ContainerRegistry_V20150921.PutLifecyclePolicy', lifecycle), [400, 'InvalidParameterException'])
  // Brackets in a text are no levels.
  assert.equal(await call('AmazonSSM.PutParameter', `{"Name":"/x","Type":"String","Value":"${'['.repeat(200)}\\"${'['.repeat(200)}"}`), [
    200,
    undefined,
  ])
  const query = async (text: string, service = 'ec2') => (await send({ headers: signed({ body: text }, { service }), body: text })).text
  assert.match(await query(`Action=DescribeVpcs&${'a.'.repeat(300_000)}a=1`), /<Code>MalformedQueryString/)
  const document = (text: string) => `Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=${encodeURIComponent(text)}`
  assert.match(await query(document(`{"Statement":${deep(50_000, '[', ']', '1')}}`), 'iam'), /<Code>MalformedPolicyDocument/)
})

test('a body that is far too big is answered, though its sender looks for no answer before it has sent everything', async () => {
  const big = await send({ headers: signed({ body }), body: 'x'.repeat(20 * 1024 * 1024) })
  assert.equal([big.status, JSON.parse(big.text).__type], [413, 'RequestEntityTooLarge'])
})

test('a body of more than 1 MiB is refused, and so is what is neither API', async () => {
  const big = await send({ headers: signed({ body }), body: 'x'.repeat(1024 * 1024 + 1) })
  assert.equal([big.status, JSON.parse(big.text).__type], [413, 'RequestEntityTooLarge'])
  assert.is((await send({ method: 'GET' })).status, 404)
  assert.is((await send({ path: '/other' })).status, 404)
})

test('what is below /_cloud/ is for the owner', async () => {
  const ask = async (name: string, input: object) => {
    const text = JSON.stringify(input)
    const answer = await send({
      path: `/_cloud/${name}`,
      headers: signed({ path: `/_cloud/${name}`, body: text }, { service: 'cloud' }),
      body: text,
    })
    return [answer.status, JSON.parse(answer.text)]
  }
  const [status, told] = await ask('status', {})
  assert.is(status, 200)
  assert.equal([told.pid, told.version, told.region, told.instances], [process.pid, 'test', region, []])
  assert.equal(await ask('ports', { tags: { app: 'none' }, ports: [1, 2] }), [200, { address: '127.0.0.1', taken: [1] }])
  assert.is((await ask('nothing', {}))[0], 404)
  assert.is((await ask('toString', {}))[0], 404)
  const broken = await send({
    path: '/_cloud/ports',
    headers: signed({ path: '/_cloud/ports', body: '{' }, { service: 'cloud' }),
    body: '{',
  })
  assert.is(broken.status, 400)
})

test.run()
