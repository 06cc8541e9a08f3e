import type { IncomingMessage, ServerResponse } from 'node:http'
import { inRegion } from '../api/calls.ts'
import type { Faults } from '../api/faults.ts'
import { ApiError, type Caller, type Cloud } from '../cloud.ts'
import { isCutOff, silence } from '../machine/way-out.ts'
import { sweep } from './blobs.ts'
import { serveBlob } from './download.ts'
import type { Exchange } from './exchange.ts'
import { isDigest } from './manifest.ts'
import { deleteUpload, patchUpload, postUpload, putUpload, uploadStatus } from './push-blob.ts'
import { getManifest, putManifest } from './push-manifest.ts'
import { answerRefusal, Refusal } from './refusal.ts'
import { arnOf, notFound } from './repository.ts'
import { listRepositories, listTags } from './tags.ts'
import { Uploads } from './upload.ts'

/**
 * The registry API under `/v2/`, as ECR answers it:
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md. Repositories must have been created before,
 * logins are those of GetAuthorizationToken, and a role may do what its policies say.
 */
export function registryHandler(cloud: Cloud, faults: Faults): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  sweep(cloud.folder, new Set(cloud.store.list('repositoryBlob').map((blob) => blob.digest)))
  const uploads = new Uploads(cloud.folder)
  return async (req, res) => {
    try {
      await answer(cloud, uploads, faults, req, res)
    } catch (error) {
      const refusal = asRefusal(error, cloud)
      // A connection that broke off while its body came in has nobody left to hear an answer.
      if (req.destroyed && !req.complete) return
      if (!refusal) throw error
      if (res.headersSent) res.destroy()
      else answerRefusal(req, res, refusal)
    }
  }
}

async function answer(whole: Cloud, uploads: Uploads, faults: Faults, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', whole.endpoint)
  res.setHeader('docker-distribution-api-version', 'registry/2.0')
  const login = loginOf(whole, req)
  if (!login) {
    res.setHeader('www-authenticate', `Basic realm="${whole.endpoint}/",service="ecr.amazonaws.com"`)
    throw new Refusal('UNAUTHORIZED', 'authentication required')
  }
  const { caller } = login
  if (isCutOff(whole, caller)) {
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    await silence(gone.signal)
    return void res.destroy()
  }
  const cloud = inRegion(whole, login.region)
  const method = req.method ?? 'GET'
  if (url.pathname === '/v2/' || url.pathname === '/v2') {
    if (method !== 'GET' && method !== 'HEAD') throw new Refusal('UNSUPPORTED', `${method} is not supported here`)
    res.writeHead(200, { 'content-type': 'application/json' }).end(method === 'HEAD' ? undefined : '{}')
    return
  }
  if (url.pathname === '/v2/_catalog' && method === 'GET') {
    cloud.authorize(caller, 'ecr:DescribeRepositories', '*')
    return listRepositories(cloud, url, res)
  }
  const [, name = '', kind = '', rest = ''] = /^\/v2\/(.+)\/(blobs|manifests|tags)\/(.*)$/.exec(decodePath(url.pathname)) ?? []
  const route = routes.find((each) => each.method === method && each.kind === kind && each.rest.test(rest))
  if (!route) throw noRoute(kind, rest, method)
  const exchange: Exchange = { cloud, uploads, req, res, url, name, rest, head: method === 'HEAD' }
  for (const action of route.actions) cloud.authorize(caller, `ecr:${action}`, arnOf(cloud, name))
  const repository = cloud.store.get('repository', name)
  if (!repository) throw new Refusal('NAME_UNKNOWN', notFound(cloud, name))
  await injectFault(faults, `registry:${route.actions.at(-1)}`, caller, res)
  await route.serve(exchange, repository)
}

/** Lets fault rules act on a request; its answer goes out when they let it. */
async function injectFault(faults: Faults, action: string, caller: Caller, res: ServerResponse): Promise<void> {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  const fault = await faults.inject(action, {}, { by: caller.role === undefined ? 'user' : 'role', gone: gone.signal })
  const end = res.end.bind(res) as (...args: unknown[]) => ServerResponse
  res.end = ((...args: unknown[]) => {
    void fault.answered().then(() => (fault.after ? res.destroy() : end(...args)))
    return res
  }) as typeof res.end
}

interface Route {
  readonly method: string
  readonly kind: string
  readonly rest: RegExp
  /** What the caller must be allowed: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html */
  readonly actions: readonly string[]
  readonly serve: (exchange: Exchange, repository: { imageTagMutability: string }) => Promise<void> | void
}

const start = /^uploads\/$/
const running = /^uploads\/[0-9a-f-]{36}$/
const digest = /^sha256:[0-9a-f]{64}$/
const reference = /^(sha256:[0-9a-f]{64}|\w[\w.-]{0,127})$/

const routes: readonly Route[] = [
  { method: 'POST', kind: 'blobs', rest: start, actions: ['InitiateLayerUpload'], serve: postUpload },
  { method: 'GET', kind: 'blobs', rest: running, actions: ['UploadLayerPart'], serve: uploadStatus },
  { method: 'PATCH', kind: 'blobs', rest: running, actions: ['UploadLayerPart'], serve: patchUpload },
  { method: 'PUT', kind: 'blobs', rest: running, actions: ['UploadLayerPart', 'CompleteLayerUpload'], serve: putUpload },
  { method: 'DELETE', kind: 'blobs', rest: running, actions: ['UploadLayerPart'], serve: deleteUpload },
  { method: 'HEAD', kind: 'blobs', rest: digest, actions: ['BatchCheckLayerAvailability'], serve: serveBlob },
  { method: 'GET', kind: 'blobs', rest: digest, actions: ['GetDownloadUrlForLayer'], serve: serveBlob },
  { method: 'HEAD', kind: 'manifests', rest: reference, actions: ['BatchGetImage'], serve: getManifest },
  { method: 'GET', kind: 'manifests', rest: reference, actions: ['BatchGetImage'], serve: getManifest },
  { method: 'PUT', kind: 'manifests', rest: reference, actions: ['PutImage'], serve: putManifest },
  { method: 'GET', kind: 'tags', rest: /^list$/, actions: ['ListImages'], serve: listTags },
]

/** Why nothing answers here: the method, the digest or tag, or the path as a whole. */
function noRoute(kind: string, rest: string, method: string): Refusal {
  if (routes.some((each) => each.kind === kind && each.rest.test(rest)))
    return new Refusal('UNSUPPORTED', `${method} is not supported here`)
  if (kind === 'blobs' && !rest.startsWith('uploads') && !isDigest(rest))
    return new Refusal('DIGEST_INVALID', `"${rest}" is not a sha256 digest`)
  if (kind === 'manifests') return new Refusal('TAG_INVALID', `"${rest}" is neither a tag nor a sha256 digest`)
  return new Refusal('NAME_UNKNOWN', 'there is nothing under this path', 404)
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new Refusal('NAME_INVALID', 'the path is not valid percent-encoding')
  }
}

/** Who is asking, and which region: `Basic base64(AWS:<password>)`. */
function loginOf(cloud: Cloud, req: IncomingMessage): { caller: Caller; region: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(req.headers.authorization ?? '')?.[1]
  const [, password] = /^AWS:([\s\S]+)$/.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? []
  return password === undefined ? undefined : cloud.registryCaller(password)
}

/** The refusal that an error means; undefined where it is a bug of ours. */
function asRefusal(error: unknown, cloud: Cloud): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof ApiError) {
    if (error.status === 507) return new Refusal('UNKNOWN', error.message, 507)
    const denied = error.code.startsWith('AccessDenied')
    return denied ? new Refusal('DENIED', error.message) : new Refusal('UNKNOWN', error.message, error.status)
  }
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Refusal(
      'UNKNOWN',
      `No space is left on the disk that holds ${cloud.folder}. Nothing was changed. Free some space there: df -h ${cloud.folder}`,
      507,
    )
  }
  return undefined
}
