import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, explain, isAmbiguous, isBlocked, isDenied, isLacking, isNotFound, isThrottled } from '../../src/aws/errors.ts'
import { Failure } from '../../src/report/failure.ts'
import { lostAnswer, refusal } from './world.fixture.ts'

test('the code of an error is the name that AWS gave it, or that of the broken connection', () => {
  assert.is(codeOf(refusal('VpcLimitExceeded')), 'VpcLimitExceeded')
  assert.is(codeOf(Object.assign(new Error(), { Code: 'InvalidKeyPair.Format' })), 'InvalidKeyPair.Format')
  assert.is(codeOf(lostAnswer()), 'ECONNRESET')
  assert.is(codeOf(new Error('plain')), '')
  assert.is(codeOf('a text'), '')
})

/** Which of the questions about an error are answered with yes. */
function kindsOf(error: unknown): string {
  const questions = { isNotFound, isThrottled, isBlocked, isAmbiguous, isDenied, isLacking }
  return Object.entries(questions)
    .filter(([, question]) => question(error))
    .map(([name]) => name.slice(2))
    .join(' ')
}

const spellings: Record<string, readonly string[]> = {
  NotFound: [
    'InvalidVpcID.NotFound',
    'InvalidSubnetId.NotFound',
    'InvalidGroup.NotFound',
    'InvalidAssociationID.NotFound',
    'NoSuchEntity',
    'NoSuchEntityException',
    'RepositoryNotFoundException',
    'ParameterNotFound',
  ],
  Throttled: ['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'EC2ThrottledException', 'TooManyRequestsException', 'SlowDown'],
  Blocked: [
    'DependencyViolation',
    'InvalidIPAddress.InUse',
    'DeleteConflict',
    'DeleteConflictException',
    'IncorrectState',
    'ResourceInUseException',
  ],
  Denied: [
    'AccessDenied',
    'AccessDeniedException',
    'UnauthorizedOperation',
    'AuthFailure',
    'ExpiredTokenException',
    'CredentialsProviderError',
  ],
  Lacking: ['UnknownOperationException', 'UnknownOperation', 'InvalidAction', 'NotImplemented'],
  '': ['VpcLimitExceeded', 'InvalidParameterValue', 'NotFoundInterrupted'],
}

for (const [kind, codes] of Object.entries(spellings))
  test(`${codes.join(', ')} are ${kind || 'none of the known kinds'}`, () => {
    for (const code of codes) assert.is(kindsOf(refusal(code)), kind, code)
  })

test('no answer and a server error are ambiguous; a refusal is not, and neither is throttling or a lack of capacity, with whatever status', () => {
  assert.is(kindsOf(lostAnswer()), 'Ambiguous')
  assert.is(kindsOf(Object.assign(new Error('wrapped'), { name: 'Wrapped', code: 'EPIPE' })), 'Ambiguous')
  assert.is(kindsOf(Object.assign(new Error('slow'), { name: 'TimeoutError' })), 'Ambiguous')
  assert.is(kindsOf(refusal('InternalError', 'internal', 500)), 'Ambiguous')
  assert.is(kindsOf(refusal('RequestLimitExceeded', 'too fast', 503)), 'Throttled')
  assert.is(kindsOf(refusal('InsufficientInstanceCapacity', 'none free', 500)), '')
  assert.is(kindsOf(undefined), '')
})

test('a call that the control plane does not have is told by 501, or by a page where AWS is not', () => {
  assert.is(kindsOf(refusal('InternalFailure', 'not yet implemented', 501)), 'Lacking')
  assert.is(kindsOf(refusal('SyntaxError', '<html> is not valid JSON', 404)), 'Lacking')
  assert.is(kindsOf(refusal('Unknown', 'UnknownError', 405)), 'Lacking')
  assert.is(kindsOf(refusal('SyntaxError', '<html> is not valid JSON', 403)), '')
  assert.is(kindsOf(refusal('NoSuchEntity', 'no such role', 404)), 'NotFound')
})

test('an explanation says what was being done, on what, and what usually helps', () => {
  const error = refusal('InsufficientInstanceCapacity', 'none free')
  const failure = explain(error, 'Could not create instance', 'instance') as Failure
  assert.is(failure.message, 'Could not create instance: InsufficientInstanceCapacity: none free')
  assert.equal(failure.details, {
    on: 'instance',
    likely: 'AWS has no free machine of this type in the zones of the network at the moment; instance.fallbackTypes can name others.',
    cause: error,
  })
})

test('a refusal for lack of rights ends with the exit code for that', () => {
  const failure = explain(refusal('UnauthorizedOperation', 'you may not'), 'Could not look', 'vpc') as Failure
  assert.is(failure.code, 3)
  assert.match(failure.details.likely ?? '', /credentials are missing/)
})

test('an error that nobody knows is told in the words of AWS', () => {
  const failure = explain(refusal('Strange', 'what'), 'Could not create vpc', 'vpc') as Failure
  assert.is(failure.message, 'Could not create vpc: Strange: what')
  assert.is(failure.details.likely, undefined)
})

test('failures, bugs and what is no error pass as they are', () => {
  const failure = new Failure('known')
  const bug = new RangeError('bug')
  assert.is(explain(failure, '', ''), failure)
  assert.is(explain(bug, '', ''), bug)
  assert.is(explain('text', '', ''), 'text')
})

test.run()
