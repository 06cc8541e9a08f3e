import { ApiError } from '../cloud.ts'

/** How a service speaks: EC2's query dialect, that of IAM and STS, or JSON 1.1. */
export type Protocol = 'ec2' | 'query' | 'json'

/**
 * What the services call the same refusal, with the HTTP status where it differs from ours.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
 * https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
 */
const words: Readonly<Record<string, Partial<Record<Protocol, readonly [code: string, status?: number]>>>> = {
  AccessDenied: { ec2: ['UnauthorizedOperation', 403], json: ['AccessDeniedException', 400] },
  ExpiredToken: { ec2: ['RequestExpired', 400], json: ['ExpiredTokenException', 400] },
  IncompleteSignature: { json: ['IncompleteSignatureException', 400] },
  InternalError: { query: ['ServiceFailure', 500], json: ['InternalServerError', 500] },
  InvalidAction: { json: ['UnknownOperationException', 400] },
  InvalidClientTokenId: { ec2: ['AuthFailure', 401], json: ['UnrecognizedClientException', 400] },
  MissingAuthenticationToken: { ec2: ['AuthFailure', 401], json: ['MissingAuthenticationTokenException', 400] },
  MissingParameter: { query: ['ValidationError', 400], json: ['ValidationException', 400] },
  RequestExpired: { query: ['SignatureDoesNotMatch', 403], json: ['InvalidSignatureException', 400] },
  RequestLimitExceeded: { ec2: ['RequestLimitExceeded', 503], query: ['Throttling', 400], json: ['ThrottlingException', 400] },
  SignatureDoesNotMatch: { json: ['InvalidSignatureException', 400] },
  UnknownParameter: { query: ['ValidationError', 400] },
}

/**
 * What a service calls a refusal in its own way:
 * https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html#API_GetServiceQuota_Errors
 */
const ownWords = new Map<string, Readonly<Record<string, readonly [code: string, status: number]>>>([
  ['servicequotas', { InternalError: ['ServiceException', 500], RequestLimitExceeded: ['TooManyRequestsException', 400] }],
])

/** The same refusal in the words of the service that was asked. */
export function inServiceTerms(error: ApiError, { service, protocol }: { service: string; protocol: Protocol }): ApiError {
  const [code, status] = ownWords.get(service)?.[error.code] ?? words[error.code]?.[protocol] ?? []
  return code === undefined ? error : new ApiError(code, error.message, status ?? error.status)
}
