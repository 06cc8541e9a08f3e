import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { machinePolicy } from '../../../src/release/stage/machine-policy.ts'
import { ownerOf, parameterPath, releaseOf, stackTags, stageTags } from '../../../src/release/stage/names.ts'

const id = { app: 'shop', stage: 'prod' }

test('an owner is known by tags, by name and by path', () => {
  assert.equal(ownerOf(id), { tags: { 'mlops:app': 'shop', 'mlops:stage': 'prod' }, name: 'shop-prod', path: 'shop/prod' })
  assert.is(parameterPath(id), '/shop/prod')
})

test('a resource carries what it is, for whom, and a name for people', () => {
  assert.equal(stageTags(id, 'elastic-ip'), {
    'mlops:app': 'shop',
    'mlops:stage': 'prod',
    'mlops:resource': 'elastic-ip',
    Name: 'shop-prod elastic-ip',
  })
  assert.equal(stackTags(id, 7, 'vpc'), {
    'mlops:app': 'shop',
    'mlops:stage': 'prod',
    'mlops:release': '7',
    'mlops:resource': 'vpc',
    Name: 'shop-prod-7 vpc',
  })
})

test('the release of a resource is read from its tags', () => {
  assert.is(releaseOf(stackTags(id, 7, 'vpc')), 7)
  assert.is(releaseOf(stageTags(id, 'role')), undefined)
})

test("a machine may pull its stage's images and read its stage's secrets, and no other parameter", () => {
  assert.equal(machinePolicy(id, 'aws'), {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'LogInToTheRegistry', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      {
        Sid: 'PullImages',
        Effect: 'Allow',
        Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        Resource: 'arn:aws:ecr:*:*:repository/shop/prod/images',
      },
      {
        Sid: 'ReadSecrets',
        Effect: 'Allow',
        Action: ['ssm:GetParameter', 'ssm:GetParameters'],
        Resource: 'arn:aws:ssm:*:*:parameter/shop/prod/secrets/*',
      },
      {
        Sid: 'ReadNothingElse',
        Effect: 'Deny',
        Action: ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
        NotResource: 'arn:aws:ssm:*:*:parameter/shop/prod/secrets/*',
      },
    ],
  })
})

test('in another partition the policy names its resources by that', () => {
  const text = JSON.stringify(machinePolicy(id, 'aws-cn'))
  assert.match(text, 'arn:aws-cn:ecr:*:*:repository/shop/prod/images')
  assert.match(text, 'arn:aws-cn:ssm:*:*:parameter/shop/prod/secrets/*')
  assert.not.match(text, 'arn:aws:')
})

test.run()
