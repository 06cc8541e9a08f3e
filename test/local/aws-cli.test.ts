// time limit: 240 s
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, region } from './cloud.fixture.ts'

const run = promisify(execFile)
const installed = (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, 'aws')))
let plane: ControlPlane

test.before(async () => {
  plane = await openControlPlane()
})
test.after(() => plane.close())

/** What AWS's own command line prints, parsed. */
async function aws(...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    HOME: plane.folder,
    AWS_ACCESS_KEY_ID: plane.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: plane.credentials.secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: plane.endpoint,
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  }
  const { stdout } = await run('aws', [...args, '--output', 'json'], { env })
  return stdout === '' ? undefined : JSON.parse(stdout)
}

async function complaint(...args: string[]): Promise<string> {
  try {
    await aws(...args)
  } catch (error) {
    return (error as { stderr: string }).stderr.trim()
  }
  throw new Error('this call should have been refused')
}

if (!installed) {
  test('AWS’s own command line is not on this machine, so it is not asked', () => console.log('aws is not on the PATH: not tested with it'))
} else {
  test('AWS’s own command line creates, finds and removes a network', async () => {
    const tags = 'ResourceType=vpc,Tags=[{Key=app,Value=a b},{Key=stage,Value=test}]'
    const { Vpc } = await aws('ec2', 'create-vpc', '--cidr-block', '10.0.0.0/16', '--tag-specifications', tags)
    const [found, subnet, group] = await Promise.all([
      aws('ec2', 'describe-vpcs', '--filters', 'Name=tag:app,Values=a b', 'Name=tag-key,Values=stage'),
      aws('ec2', 'create-subnet', '--vpc-id', Vpc.VpcId, '--cidr-block', '10.0.1.0/24'),
      aws('ec2', 'create-security-group', '--group-name', 'app', '--description', 'for a test', '--vpc-id', Vpc.VpcId),
    ])
    assert.equal(found.Vpcs, [Vpc])
    const [refused, opened] = await Promise.all([
      complaint('ec2', 'delete-vpc', '--vpc-id', Vpc.VpcId),
      aws(
        'ec2',
        'authorize-security-group-ingress',
        '--group-id',
        group.GroupId,
        '--protocol',
        'tcp',
        '--port',
        '8001',
        '--cidr',
        '0.0.0.0/0',
      ),
      aws('ec2', 'delete-subnet', '--subnet-id', subnet.Subnet.SubnetId),
    ])
    assert.match(refused, /An error occurred \(DependencyViolation\) when calling the DeleteVpc operation: The vpc/)
    assert.is(opened.SecurityGroupRules[0].FromPort, 8001)
    await aws('ec2', 'delete-security-group', '--group-id', group.GroupId)
    await aws('ec2', 'delete-vpc', '--vpc-id', Vpc.VpcId)
    assert.equal(plane.cloud.store.list('vpc'), [])
  })

  test('it reads roles, parameters, repositories, quotas and itself, and hears what is lacking', async () => {
    const trust =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    const [identity, { Role }, put, { repository }, lacking] = await Promise.all([
      aws('sts', 'get-caller-identity'),
      aws('iam', 'create-role', '--role-name', 'r', '--assume-role-policy-document', trust, '--tags', 'Key=a,Value=b'),
      aws('ssm', 'put-parameter', '--name', '/a/b', '--value', 'secret', '--type', 'SecureString'),
      aws('ecr', 'create-repository', '--repository-name', 'a/b', '--image-tag-mutability', 'IMMUTABLE'),
      complaint('ec2', 'create-nat-gateway', '--subnet-id', 'subnet-1'),
    ])
    assert.is(identity.Arn, 'arn:aws:iam::000000000000:root')
    assert.equal(Role.AssumeRolePolicyDocument, JSON.parse(trust))
    assert.is(put.Version, 1)
    assert.is(repository.repositoryUri, `${new URL(plane.endpoint).host}/a/b`)
    assert.match(lacking, /\(InvalidAction\).*The embedded cloud does not have the action CreateNatGateway of ec2/)
    const { RequestedQuota } = await aws(
      'service-quotas',
      'request-service-quota-increase',
      '--service-code',
      'vpc',
      '--quota-code',
      'L-F678F1CE',
      '--desired-value',
      '7',
    )
    assert.is(RequestedQuota.Status, 'APPROVED')
    const { Quotas } = await aws('service-quotas', 'list-service-quotas', '--service-code', 'vpc')
    assert.equal([Quotas[0].QuotaName, Quotas[0].Value], ['VPCs per Region', 7])
    const { Parameter } = await aws('ssm', 'get-parameter', '--name', '/a/b', '--with-decryption')
    assert.is(Parameter.Value, 'secret')
  })
}

test.run()
