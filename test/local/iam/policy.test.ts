import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PolicyDocument } from '../../../src/local/iam/policy.ts'
import { allows, policyProblem } from '../../../src/local/iam/policy.ts'

const policy = (...Statement: unknown[]) => ({ Statement }) as unknown as PolicyDocument

test('nothing is allowed that no statement allows', () => {
  assert.not(allows([], 'ssm:GetParameter', '*'))
  assert.ok(allows([policy({ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: '*' })], 'ssm:GetParameter', 'arn:x'))
  assert.not(allows([policy({ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: '*' })], 'ssm:GetParameters', 'arn:x'))
})

test('a single statement needs no list', () => {
  assert.ok(allows([{ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }], 'a:B', 'r'))
})

test('actions are compared without case, resources with it, and only wildcards are special', () => {
  const documents = [policy({ Effect: 'Allow', Action: 'SSM:get*', Resource: 'arn:aws:ssm:?:1:parameter/a.b/*' })]
  assert.ok(allows(documents, 'ssm:GetParameter', 'arn:aws:ssm:x:1:parameter/a.b/c/d'))
  assert.not(allows(documents, 'ssm:GetParameter', 'arn:aws:ssm:x:1:parameter/aXb/c'))
  assert.not(allows(documents, 'ssm:GetParameter', 'arn:aws:ssm:x:1:PARAMETER/a.b/c'))
})

test('a document that names anything but texts, or nothing but brackets, is none', () => {
  const problem = (statement: object) => policyProblem(JSON.stringify({ Statement: [statement] }))
  const right = { Effect: 'Allow', Action: 'a:B', Resource: '*' }
  assert.is(problem(right), undefined)
  for (const wrong of [{ Action: [1] }, { Action: { a: 1 } }, { Resource: [['*']] }, { NotAction: null }])
    assert.is(problem({ ...right, ...wrong }), 'Syntax errors in policy.')
  for (const text of ['{"Statement":[null]}', '{"Statement":[1]}', `${'['.repeat(100_000)}${']'.repeat(100_000)}`])
    assert.is(policyProblem(text), 'Syntax errors in policy.')
})

test('a Deny of any policy wins over every Allow', () => {
  const allow = policy({ Effect: 'Allow', Action: '*', Resource: '*' })
  const deny = policy({ Effect: 'Deny', Action: 'ec2:Delete*', Resource: '*' })
  assert.not(allows([allow, deny], 'ec2:DeleteVpc', '*'))
  assert.ok(allows([allow, deny], 'ec2:CreateVpc', '*'))
})

test('NotAction and NotResource mean all others', () => {
  const documents = [policy({ Effect: 'Allow', NotAction: 'iam:*', NotResource: 'secret/*' })]
  assert.ok(allows(documents, 'ec2:RunInstances', 'plain'))
  assert.not(allows(documents, 'iam:CreateRole', 'plain'))
  assert.not(allows(documents, 'ec2:RunInstances', 'secret/one'))
})

test('a condition on a key without a value holds only where its operator is content with that', () => {
  const having = (operator: string) => [
    policy({ Effect: 'Allow', Action: '*', Resource: '*', Condition: { [operator]: { 'aws:x': 'y' } } }),
  ]
  assert.not(allows(having('StringEquals'), 'a:B', 'r'))
  assert.not(allows(having('StringLike'), 'a:B', 'r'))
  assert.ok(allows(having('StringEqualsIfExists'), 'a:B', 'r'))
  assert.ok(allows(having('StringNotEquals'), 'a:B', 'r'))
})

test.run()
