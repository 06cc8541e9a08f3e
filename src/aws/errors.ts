import { exit, Failure } from '../report/failure.ts'

/** The error code AWS answered with, or the name of the error where no answer came. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const code = (error as { Code?: unknown; code?: unknown }).Code
  // The SDK names its errors after AWS's codes; where a code is no class of its own it is left in `Code`.
  return error.name !== 'Error' ? error.name : typeof code === 'string' ? code : String((error as { code?: unknown }).code ?? '')
}

/**
 * AWS says that the thing is not there. Right after a create this does not mean that it is absent: describe calls are
 * eventually consistent, and the codes are spelt in many ways (`InvalidVpcID.NotFound`, `InvalidSubnetId.NotFound`,
 * `NoSuchEntity`, `RepositoryNotFoundException`).
 */
export function isNotFound(error: unknown): boolean {
  return /^Invalid.*\.NotFound$|^NoSuchEntity(Exception)?$|^RepositoryNotFoundException$|^ParameterNotFound$/i.test(codeOf(error))
}

/** AWS refused the call because of its rate: it has not taken effect. */
export function isThrottled(error: unknown): boolean {
  return /^RequestLimitExceeded$|Throttl(ing|ed)|^TooManyRequestsException$|^SlowDown$|^PriorRequestNotComplete$/i.test(codeOf(error))
}

/**
 * The control plane does not have this call: AWS itself has them all, servers that take its place lack some. They say
 * so by AWS's codes for an unknown action, by the status 501 (LocalStack, with the code InternalFailure), or by the
 * page of a web server that knows nothing there.
 */
export function isLacking(error: unknown): boolean {
  const status = statusOf(error)
  // What the SDK calls an answer that is not JSON, and JSON without a code.
  const nameless = /^(SyntaxError|Unknown|UnknownError)$/.test(codeOf(error))
  return (
    /^UnknownOperation(Exception)?$|^InvalidAction$|^NotImplemented$/.test(codeOf(error)) ||
    status === 501 ||
    (nameless && (status === 404 || status === 405))
  )
}

/**
 * Another resource still holds on to this one. Normal for minutes after a termination: network interfaces detach late.
 */
export function isBlocked(error: unknown): boolean {
  return /^DependencyViolation$|^InvalidIPAddress\.InUse$|^DeleteConflict(Exception)?$|^IncorrectState$|^ResourceInUse/i.test(codeOf(error))
}

/** No answer arrived, or a server error: whether the call took effect is unknown. */
export function isAmbiguous(error: unknown): boolean {
  // These come with 500, 501 and 503, and say that nothing was done.
  if (isThrottled(error) || isLacking(error) || /^Insufficient\w*Capacity$/.test(codeOf(error))) return false
  const status = statusOf(error)
  if (status !== undefined) return status >= 500
  return (
    /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|TimeoutError|NetworkingError|RequestTimeout)$/.test(codeOf(error)) || hasSocketCode(error)
  )
}

/** The HTTP status of the answer; undefined where none came. */
function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
}

function hasSocketCode(error: unknown): boolean {
  return /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED)$/.test(String((error as { code?: unknown } | undefined)?.code ?? ''))
}

/** The credentials are missing, expired or not allowed to do this. */
export function isDenied(error: unknown): boolean {
  return /AccessDenied|UnauthorizedOperation|^AuthFailure|CredentialsProviderError|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|MissingAuthenticationToken/i.test(
    codeOf(error),
  )
}

/** The call that failed, as a policy names it: `ec2:CreateVpc`; undefined for an error that no client of ours sent. */
export function operationOf(error: unknown): string | undefined {
  return (error as { operation?: string } | undefined)?.operation
}

/** A command of AWS's own command line for the AWS that refused; plain where no client of ours had asked. */
export function commandFor(error: unknown, words: string): string {
  return (error as { command?: (words: string) => string } | undefined)?.command?.(words) ?? `aws ${words}`
}

/** What each of AWS's refusals usually means, and what to do about it. */
const causes: readonly (readonly [code: RegExp, likely: string, next?: (error: unknown) => string])[] = [
  [
    /^VpcLimitExceeded$/,
    'The region holds as many VPCs as its quota allows (5 by default). The config can name one that exists: network.',
    (error) =>
      commandFor(error, 'service-quotas request-service-quota-increase --service-code vpc --quota-code L-F678F1CE --desired-value 10'),
  ],
  [
    /^AddressLimitExceeded$/,
    'The region holds as many Elastic IPs as its quota allows (5 by default).',
    (error) =>
      commandFor(error, 'service-quotas request-service-quota-increase --service-code ec2 --quota-code L-0263D0A3 --desired-value 10'),
  ],
  [
    /^VcpuLimitExceeded$/,
    'The running instances have as many vCPUs as the quota of the region allows.',
    (error) => commandFor(error, 'service-quotas get-service-quota --service-code ec2 --quota-code L-1216C47A'),
  ],
  [
    /^InsufficientInstanceCapacity$/,
    'AWS has no free machine of this type in the zones of the network at the moment; instance.fallbackTypes can name others.',
  ],
  [/^Unsupported$/, 'The instance type is not offered in the zones of the network; instance.fallbackTypes can name others.'],
  [/^DependencyViolation$/, 'Another resource still uses it.'],
  [/^OptInRequired$/, 'The region is not enabled for this account.'],
]

/**
 * Turns an error of the SDK into a Failure that says what was being done and on what. Failures pass through; so do
 * errors that AWS did not send, because those are bugs of ours.
 */
export function explain(error: unknown, doing: string, on: string): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error
  const known = causes.find(([code]) => code.test(codeOf(error)))
  if (isDenied(error))
    return new Failure(`${doing}: ${codeOf(error)}: ${error.message}`, {
      on,
      likely: `The credentials are missing or expired, or they lack the permission ${operationOf(error) ?? 'for this'}.`,
      next: `Compare the policy of the credentials with what npx zx scripts/deployer-policy.mjs prints; ${commandFor(error, 'sts get-caller-identity')} says whose they are.`,
      code: exit.access,
      cause: error,
    })
  if (!('$metadata' in error) && !isAmbiguous(error)) return error
  return new Failure(`${doing}: ${codeOf(error)}: ${error.message}`, {
    on,
    ...(known ? { likely: known[1] } : {}),
    ...(known?.[2] ? { next: known[2](error) } : {}),
    cause: error,
  })
}
