import { exit, Failure } from '../../config/failure.ts'

/** The error code AWS answered with, or the name of the error where no answer came. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const code = (error as { Code?: unknown; code?: unknown }).Code
  // The SDK names its errors after AWS's codes; where a code is no class of its own it is left in `Code`.
  return error.name !== 'Error' ? error.name : typeof code === 'string' ? code : String((error as { code?: unknown }).code ?? '')
}

/**
 * AWS says that the thing is not there. Right after a create this does not mean that it is absent: describe calls are eventually consistent, and
 * the codes are spelt in many ways (`InvalidVpcID.NotFound`, `InvalidSubnetId.NotFound`, `NoSuchEntity`, `RepositoryNotFoundException`).
 */
export function isNotFound(error: unknown): boolean {
  return /^Invalid.*\.NotFound$|^NoSuchEntity(Exception)?$|^RepositoryNotFoundException$|^ParameterNotFound$/i.test(codeOf(error))
}

/** AWS refused the call because of its rate: it has not taken effect. */
export function isThrottled(error: unknown): boolean {
  return /^RequestLimitExceeded$|Throttl(ing|ed)|^TooManyRequestsException$|^SlowDown$|^PriorRequestNotComplete$/i.test(codeOf(error))
}

/** Another resource still holds on to this one. Normal for minutes after a termination: network interfaces detach late. */
export function isHeld(error: unknown): boolean {
  return /^DependencyViolation$|^InvalidIPAddress\.InUse$|^DeleteConflict(Exception)?$|^IncorrectState$|^ResourceInUse/i.test(codeOf(error))
}

/** No answer arrived, or a server error: whether the call took effect is unknown. */
export function isAmbiguous(error: unknown): boolean {
  // EC2 gives these with 500 and 503, and says by them that it did nothing.
  if (isThrottled(error) || /^Insufficient\w*Capacity$/.test(codeOf(error))) return false
  const status = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
  if (status !== undefined) return status >= 500
  return (
    /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|TimeoutError|NetworkingError|RequestTimeout)$/.test(codeOf(error)) || hasSocketCode(error)
  )
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

/** What each of AWS's refusals usually means, and what to do about it. */
const causes: readonly (readonly [code: RegExp, likely: string, next?: string])[] = [
  [
    /^VpcLimitExceeded$/,
    'The region holds as many VPCs as its quota allows (5 by default).',
    'npx zx scripts/deploy.mjs --strategy recreate',
  ],
  [/^AddressLimitExceeded$/, 'The region holds as many Elastic IPs as its quota allows (5 by default).'],
  [/^InsufficientInstanceCapacity$/, 'AWS has no free machine of this type in this zone at the moment.'],
  [/^Unsupported$/, 'The instance type is not offered in this zone.'],
  [/^DependencyViolation$/, 'Another resource still uses it.'],
  [/^OptInRequired$/, 'The region is not enabled for this account.'],
]

/**
 * Turns an error of the SDK into a Failure that says what was being done and on what. Failures pass through; so do errors that AWS did not send,
 * because those are bugs of ours.
 */
export function explain(error: unknown, doing: string, on: string): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error
  const known = causes.find(([code]) => code.test(codeOf(error)))
  if (isDenied(error))
    return new Failure(`${doing}: ${codeOf(error)}: ${error.message}`, {
      on,
      likely: `The credentials are missing or expired, or they lack the permission ${operationOf(error) ?? 'for this'}.`,
      next: 'Compare the policy of the credentials with docs/deployer-policy.json; aws sts get-caller-identity says whose they are.',
      code: exit.access,
      cause: error,
    })
  if (!('$metadata' in error) && !isAmbiguous(error)) return error
  return new Failure(`${doing}: ${codeOf(error)}: ${error.message}`, {
    on,
    ...(known ? { likely: known[1] } : {}),
    ...(known?.[2] ? { next: known[2] } : {}),
    cause: error,
  })
}
