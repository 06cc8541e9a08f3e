import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { holds } from '../../../src/local/iam/condition.ts'

const context = { 'aws:RequestTag/app': 'shop', 'aws:TagKeys': ['app', 'stage'], 'aws:MultiFactorAuthPresent': 'true' }
const one = (operator: string, key: string, value: string | readonly string[]) => holds({ [operator]: { [key]: value } }, context)

test('an operator compares what the call has with any of its values', () => {
  assert.ok(one('StringEquals', 'aws:RequestTag/app', ['bakery', 'shop']))
  assert.not.ok(one('StringEquals', 'aws:RequestTag/app', 'Shop'))
  assert.ok(one('StringEqualsIgnoreCase', 'aws:RequestTag/app', 'Shop'))
  assert.ok(one('StringLike', 'aws:requesttag/app', 's?o*'))
  assert.not.ok(one('StringNotLike', 'aws:RequestTag/app', 's*'))
  assert.ok(one('StringNotEquals', 'aws:RequestTag/app', 'bakery'))
  assert.ok(one('Bool', 'aws:MultiFactorAuthPresent', 'true'))
  assert.ok(holds({ ArnEquals: { 'iam:PolicyARN': 'arn:*:iam::aws:policy/Read' } }, { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/Read' }))
})

test('a key that the call does not have fails every operator but a negated one, IfExists and Null', () => {
  for (const operator of ['StringEquals', 'StringLike', 'ArnLike', 'ForAnyValue:StringEquals', 'Bool'])
    assert.not.ok(one(operator, 'none', '*'))
  for (const operator of ['StringNotEquals', 'StringEqualsIfExists', 'ForAllValues:StringEquals']) assert.ok(one(operator, 'none', 'x'))
  assert.equal([one('Null', 'none', 'true'), one('Null', 'none', 'false')], [true, false])
  assert.equal([one('Null', 'aws:RequestTag/app', 'true'), one('Null', 'aws:RequestTag/app', 'false')], [false, true])
})

test('of several values any or all have to pass', () => {
  assert.ok(one('ForAnyValue:StringEquals', 'aws:TagKeys', 'stage'))
  assert.not.ok(one('ForAllValues:StringEquals', 'aws:TagKeys', 'stage'))
  assert.ok(one('ForAllValues:StringLike', 'aws:TagKeys', ['st*', 'app']))
})

test('all operators and keys have to hold, and one that is not known does not', () => {
  const app = { 'aws:RequestTag/app': 'shop' }
  assert.ok(holds({ StringEquals: app, Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, context))
  assert.not.ok(holds({ StringEquals: { ...app, 'aws:RequestTag/stage': 'prod' } }, context))
  assert.not.ok(holds({ IpAddress: { 'aws:SourceIp': '127.0.0.1' } }, { 'aws:SourceIp': '127.0.0.1' }))
  assert.ok(holds({}, context))
})

test.run()
