import { Failure } from '../../report/failure.ts'

/** An image reference in its parts, by the rules that docker has for leaving parts out. */
export interface Reference {
  /** Where the registry answers: `https://public.ecr.aws`. */
  readonly origin: string
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/**
 * Reads an image reference: `node:24-slim`, `public.ecr.aws/docker/library/node:24-slim`,
 * `127.0.0.1:5000/base@sha256:…`. A registry on a loopback address is spoken to in plain HTTP, as docker does by
 * default; every other one in HTTPS.
 *
 * @throws Failure when it is no reference
 */
export function parseReference(text: string): Reference {
  const [, name, tag, digest] = /^([^@\s]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? []
  const slash = name?.indexOf('/') ?? -1
  const first = name?.slice(0, Math.max(slash, 0)) ?? ''
  const hasHost = /[.:]/.test(first) || first === 'localhost'
  const host = hasHost ? first : 'docker.io'
  const path = hasHost ? name?.slice(slash + 1) : name
  const part = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'
  if (!path || !new RegExp(`^${part}(?:/${part})*$`).test(path)) {
    throw new Failure(`"${text}" is not an image reference.`, { likely: 'It has the form registry/name:tag or registry/name@sha256:…' })
  }
  const repository = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path
  return { origin: originOf(host), repository, tag: tag ?? (digest ? undefined : 'latest'), digest }
}

function originOf(host: string): string {
  // The name that people write is not the one that serves.
  if (host === 'docker.io' || host === 'index.docker.io') return 'https://registry-1.docker.io'
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host)
  return `${loopback ? 'http' : 'https'}://${host}`
}
