import { exit, Failure } from '../../report/failure.ts'

/**
 * What an error of the AWS SDK or of the machine means to a person. Undefined for everything else: a bug of ours, or a
 * Failure already. Names and fields are those of the SDK's service exceptions
 * (https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/error-handling.html) and of EC2's and the common
 * error codes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html).
 */
export function diagnose(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || error instanceof Failure) return undefined
  return access(error) ?? machine(error) ?? refusedByAws(error)
}

/** Whether this error, or one that caused it, says that AWS did not let us in. */
export function isAccess(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (access(cause)) return true
    if (cause instanceof AggregateError && cause.errors.some(isAccess)) return true
  }
  return false
}

const noCredentials = ['CredentialsProviderError', 'CredentialsError']
const expired = ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']
const unknownKey = [
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'AuthFailure',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]
const forbidden = [
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'UnauthorizedException',
  'NotAuthorized',
  'OptInRequired',
]

function access(error: Error): Failure | undefined {
  const refuse = (message: string, likely: string, next: string) => new Failure(message, { likely, next, code: exit.access, cause: error })
  if (noCredentials.includes(error.name)) {
    return refuse(
      'No AWS credentials were found.',
      `Neither the environment nor ~/.aws holds credentials that work: ${firstLine(error.message)}`,
      'aws configure sso, or set AWS_PROFILE; without an AWS account, --stage local needs none',
    )
  }
  if (expired.includes(error.name)) {
    return refuse('The AWS credentials have expired.', firstLine(error.message), 'aws sso login, or renew the keys in your environment')
  }
  if (unknownKey.includes(error.name)) {
    return refuse('AWS does not know these credentials.', firstLine(error.message), `${whoAmI(error)} shows which ones are in use`)
  }
  if (forbidden.includes(error.name)) {
    return refuse(
      `AWS denied access: ${firstLine(error.message)}`,
      `The credentials are valid, but their policies do not allow ${(error as { operation?: string }).operation ?? 'this call'}.`,
      `${whoAmI(error)} shows whose they are; allow the action named above`,
    )
  }
  return undefined
}

/**
 * The command that tells whose the credentials are; an error of our own clients knows how AWS's command line reaches
 * their AWS.
 */
function whoAmI(error: Error & { command?: (words: string) => string }): string {
  return error.command?.('sts get-caller-identity') ?? 'aws sts get-caller-identity'
}

const onMachine: Readonly<Record<string, readonly [message: string, next: string]>> = {
  ENOSPC: ['There is no space left on the disk.', 'free some space, then run the same command again'],
  EROFS: ['The file system is read-only.', 'run this in a folder that you may write to'],
  EACCES: ['This user may not do that.', 'look at who owns the file or may use the port named above'],
  EMFILE: ['Too many files are open.', 'ulimit -n 4096, then run the same command again'],
  ENOTFOUND: ['A host name could not be resolved.', 'look at the network, the region and AWS_ENDPOINT_URL'],
  EAI_AGAIN: ['A host name could not be resolved.', 'look at the network, then run the same command again'],
  ECONNREFUSED: ['Nothing answers at the address.', 'look at AWS_ENDPOINT_URL and at the network, then run the same command again'],
  ECONNRESET: ['The connection was cut.', 'run the same command again'],
  ETIMEDOUT: ['No answer came in time.', 'look at the network, then run the same command again'],
}

function machine(error: Error & { code?: unknown; path?: string }): Failure | undefined {
  if (error.code === 'ERR_MODULE_NOT_FOUND' && /^Cannot find package/.test(error.message)) {
    return new Failure('The dependencies are not installed.', {
      likely: firstLine(error.message),
      next: 'npm ci',
      code: exit.usage,
      cause: error,
    })
  }
  const known = typeof error.code === 'string' && Object.hasOwn(onMachine, error.code) ? onMachine[error.code] : undefined
  if (!known) return undefined
  // What Node says of a write that found no room has no path; the scripts write below the folder that they are run in,
  // and nowhere else that could be full.
  const path = error.path ?? (error.code === 'ENOSPC' ? process.cwd() : undefined)
  const next = error.code === 'ENOSPC' ? `df -h ${path}; ${known[1]}` : known[1]
  return new Failure(known[0], { ...(path ? { on: path } : {}), likely: firstLine(error.message), next, cause: error })
}

interface ServiceException extends Error {
  readonly $metadata?: { readonly requestId?: string; readonly httpStatusCode?: number }
}

function refusedByAws(error: ServiceException): Failure | undefined {
  if (!error.$metadata?.httpStatusCode) return undefined
  const { requestId, httpStatusCode } = error.$metadata
  // 507 is RFC 4918's "Insufficient Storage": the message says where, and what to do.
  const details =
    httpStatusCode >= 500 && httpStatusCode !== 507 ? { likely: 'AWS itself had a problem.', next: 'run the same command again' } : {}
  const on = requestId ? { on: `request ${requestId}` } : {}
  return new Failure(`AWS answered ${error.name}: ${firstLine(error.message)}`, { ...on, ...details, cause: error })
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}
