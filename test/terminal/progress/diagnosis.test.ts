import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exit, Failure } from '../../../src/report/failure.ts'
import { writing } from '../../../src/report/no-space.ts'
import { diagnose, isAccess } from '../../../src/terminal/progress/diagnosis.ts'

function named(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more })
}

test('credentials that are missing, expired, unknown or not allowed are told apart and end with the code for access', () => {
  const said = ['CredentialsProviderError', 'ExpiredToken', 'UnrecognizedClientException', 'UnauthorizedOperation'].map((name) => {
    const failure = diagnose(named(name, 'why\nmore'))!
    assert.is(failure.code, exit.access)
    assert.ok(failure.details.next)
    return failure.message
  })
  assert.equal(said, [
    'No AWS credentials were found.',
    'The AWS credentials have expired.',
    'AWS does not know these credentials.',
    'AWS denied access: why',
  ])
})

test('an access error is seen through what wraps it', () => {
  const denied = named('AccessDenied', 'no')
  assert.is(isAccess(new Failure('vpc could not be created', { cause: denied })), true)
  assert.is(isAccess(new AggregateError([new Error('a'), denied])), true)
  assert.is(isAccess(new Error('a', { cause: new Error('b') })), false)
  assert.is(isAccess(undefined), false)
})

test("the machine's own errors are put in words", async () => {
  const refused = await new Promise<Error>((resolve) => connect(1, '127.0.0.1').once('error', resolve))
  assert.is(diagnose(refused)?.message, 'Nothing answers at the address.')
  assert.is(
    diagnose(named('Error', 'ENOSPC: no space left on device, write', { code: 'ENOSPC' }))?.message,
    'There is no space left on the disk.',
  )
  const missing = await readFile('/no/such/file').catch((error: unknown) => error)
  assert.is(diagnose(missing), undefined)
})

test('a full disk is told with the file that had no room', async () => {
  const full = named('Error', 'ENOSPC: no space left on device, write', { code: 'ENOSPC' })
  const failure = (await writing('/a/b/layer.tar', Promise.reject(full)).catch((error: unknown) => error)) as Failure
  assert.equal(
    [failure.message, failure.details.on, failure.details.next],
    ['There is no space left on the disk.', '/a/b/layer.tar', 'df -h /a/b'],
  )
  const other = new Error('x')
  assert.is(await writing('/a', Promise.reject(other)).catch((error: unknown) => error), other)
  assert.is(diagnose(named('Error', 'EACCES: permission denied', { code: 'EACCES', path: '/etc/x' }))?.details.on, '/etc/x')
})

test('a package that is not there says what to run', () => {
  const error = named('Error', "Cannot find package 'zod' imported from x", { code: 'ERR_MODULE_NOT_FOUND' })
  assert.is(diagnose(error)?.details.next, 'npm ci')
  assert.is(diagnose(named('Error', "Cannot find module './x.ts'", { code: 'ERR_MODULE_NOT_FOUND' })), undefined)
})

test('another refusal of AWS is told with its code and request, and its own trouble with what to do', () => {
  const limit = diagnose(named('VpcLimitExceeded', 'too many', { $metadata: { httpStatusCode: 400, requestId: 'r-1' } }))!
  assert.equal([limit.message, limit.details.on, limit.code], ['AWS answered VpcLimitExceeded: too many', 'request r-1', exit.failed])
  const trouble = diagnose(named('InternalError', 'oh', { $metadata: { httpStatusCode: 500 } }))!
  assert.equal([trouble.details.on, trouble.details.next], [undefined, 'run the same command again'])
})

test('bugs and failures are left alone', () => {
  assert.is(diagnose(new TypeError('x')), undefined)
  assert.is(diagnose(new Failure('x')), undefined)
  assert.is(diagnose('x'), undefined)
})

test.run()
