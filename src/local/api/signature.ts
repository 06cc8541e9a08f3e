import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError, type Caller } from '../cloud.ts'
import type { Credentials } from '../files/keys.ts'
import { same } from '../files/seal.ts'
import type { Identity } from '../iam/identity.ts'

/**
 * AWS accepts a clock that is off by this much:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
const skewMs = 5 * 60_000
const algorithm = 'AWS4-HMAC-SHA256'

/** A request as it came in: the path and query as they stand on the request line, header names in lower case. */
export interface Request {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The credential scope: who signed, when, for which region and service. */
export interface Scope {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
}

interface Authorization extends Scope {
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/**
 * Verifies a Signature Version 4 header:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @throws ApiError with IAM's codes; `protocol/error-codes.ts` has what the other services call them
 */
export function verify(request: Request, identity: Pick<Identity, 'lookUp'>, now = Date.now()): { caller: Caller; scope: Scope } {
  const { headers } = request
  const claim = claimedScope(headers)
  if (!claim) throw new ApiError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403)
  const stamp = headers['x-amz-date']
  const time = typeof stamp === 'string' ? parseStamp(stamp) : Number.NaN
  if (typeof stamp !== 'string' || Number.isNaN(time) || !stamp.startsWith(claim.date))
    throw new ApiError('IncompleteSignature', 'X-Amz-Date must be given, and its date must be that of the credential scope.', 400)
  const mustSign = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-') && name !== 'x-amz-user-agent')]
  const unsigned = mustSign.find((name) => !claim.signedHeaders.includes(name))
  if (unsigned) throw new ApiError('SignatureDoesNotMatch', `The header ${unsigned} must be part of the signature.`, 403)
  const token = headers['x-amz-security-token']
  const found = identity.lookUp(claim.accessKeyId, typeof token === 'string' ? token : undefined)
  if (!found) throw new ApiError('InvalidClientTokenId', 'The security token included in the request is invalid.', 403)

  const bodyHash = sha256(request.body)
  const claimedHash = headers['x-amz-content-sha256']
  const expected = signatureOf(request, claim, stamp, found.secret, bodyHash)
  const fits = same(Buffer.from(claim.signature), Buffer.from(expected)) && (claimedHash === undefined || claimedHash === bodyHash)
  if (!fits) {
    const message =
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.'
    throw new ApiError('SignatureDoesNotMatch', message, 403)
  }
  if (Math.abs(now - time) > skewMs)
    throw new ApiError('RequestExpired', `Signature expired: ${stamp} is not within 5 minutes of ${stampOf(now)}.`, 400)
  if (found.expired) throw new ApiError('ExpiredToken', 'The security token included in the request is expired.', 403)
  return { caller: found.caller, scope: claim }
}

/**
 * The headers that a request needs, with those that sign it, for the cloud's own clients.
 * @param request `also`: further headers, in lower case, which are signed and returned with the others
 */
export function sign(
  request: { method: string; url: string; host: string; body: string; also?: Readonly<Record<string, string>> },
  { credentials, region, service }: { credentials: Credentials & { token?: string }; region: string; service: string },
): Record<string, string> {
  const stamp = stampOf(Date.now())
  const session = credentials.token === undefined ? {} : { 'x-amz-security-token': credentials.token }
  const unsorted = { ...request.also, host: request.host, 'x-amz-date': stamp, ...session }
  const headers: Record<string, string> = Object.fromEntries(Object.entries(unsorted).sort())
  const { accessKeyId, secretAccessKey } = credentials
  const claim = { accessKeyId, date: stamp.slice(0, 8), region, service, signedHeaders: Object.keys(headers), signature: '' }
  const body = Buffer.from(request.body)
  const signature = signatureOf({ method: request.method, url: request.url, headers, body }, claim, stamp, secretAccessKey, sha256(body))
  const scope = `${accessKeyId}/${claim.date}/${region}/${service}/aws4_request`
  headers.authorization = `${algorithm} Credential=${scope}, SignedHeaders=${claim.signedHeaders.join(';')}, Signature=${signature}`
  return headers
}

function signatureOf(request: Request, claim: Authorization, stamp: string, secret: string, bodyHash: string): string {
  const value = (name: string) =>
    String(request.headers[name] ?? '')
      .trim()
      .replace(/\s+/g, ' ')
  const [path = '/', query = ''] = request.url.split(/\?(.*)/s)
  const canonical = [
    request.method,
    path,
    query.split('&').sort().join('&'),
    ...claim.signedHeaders.map((name) => `${name}:${value(name)}`),
    '',
    claim.signedHeaders.join(';'),
    bodyHash,
  ].join('\n')
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`
  const text = [algorithm, stamp, scope, sha256(Buffer.from(canonical))].join('\n')
  let key: Buffer = Buffer.from(`AWS4${secret}`)
  for (const part of [claim.date, claim.region, claim.service, 'aws4_request', text]) key = createHmac('sha256', key).update(part).digest()
  return key.toString('hex')
}

/**
 * What the request claims about its signer; nothing is verified yet. Undefined when it carries no Signature Version 4
 * header.
 */
export function claimedScope({ authorization: header }: IncomingHttpHeaders): Authorization | undefined {
  const fields = new Map(
    (header ?? '')
      .replace(algorithm, '')
      .split(',')
      .map((part) => part.trim().split(/=(.*)/s) as [string, string]),
  )
  const [accessKeyId, date, region, service, end] = (fields.get('Credential') ?? '').split('/')
  const signature = fields.get('Signature')
  if (!header?.startsWith(algorithm) || !accessKeyId || !date || !region || !service || end !== 'aws4_request' || !signature)
    return undefined
  return { accessKeyId, date, region, service, signature, signedHeaders: (fields.get('SignedHeaders') ?? '').split(';') }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** `20250101T120000Z`, as the header has it. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function parseStamp(stamp: string): number {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}
