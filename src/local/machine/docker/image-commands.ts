import { read } from '../../../image/connection.ts'
import { parseReference } from '../../../image/reference.ts'
import { registryAt } from '../../../image/registry.ts'
import { authorizationFor, keepLogin } from './credentials.ts'
import type { Docker } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import { expect, parse } from './flags.ts'
import type { LocalImage } from './images.ts'
import { daemon, Refusal } from './refusal.ts'
import { fill, rows } from './template.ts'

/** `docker pull`. */
export async function pull(docker: Docker, call: EngineCall): Promise<number> {
  const flags = parse('pull', call.args, { quiet: 'flag', platform: 'value' }, { q: 'quiet' })
  expect('pull', flags, 1, 1)
  const quiet = flags.has('quiet')
  const [text = ''] = flags.rest
  await pullImage(docker, call, text, (line) => quiet || call.out(`${line}\n`))
  call.out(`${text}\n`)
  return 0
}

/** Gets an image with whatever login the command's environment leads to. */
export async function pullImage(docker: Docker, call: EngineCall, text: string, progress: (line: string) => void): Promise<void> {
  const { tag, digest: wanted, repository } = parseReference(text)
  const authorization = docker.images.find(text) && wanted ? undefined : await authorizationFor(text, call.env)
  progress(`${wanted ? `${wanted}` : tag}: Pulling from ${repository}`)
  const { digest, fresh } = await docker.images.pull(text, authorization, progress)
  progress(`Digest: ${digest}`)
  progress(`Status: ${fresh ? 'Downloaded newer image' : 'Image is up to date'} for ${text}`)
}

/** `docker login`: tries the login before it is kept. */
export async function login(_: Docker, call: EngineCall): Promise<number> {
  const flags = parse('login', call.args, { username: 'value', 'password-stdin': 'flag' }, { u: 'username' })
  expect('login', flags, 1, 1)
  const user = flags.value('username')
  if (!user || !flags.has('password-stdin')) throw new Refusal('Must provide --username and --password-stdin', 1)
  let password = ''
  for await (const chunk of call.input()) password += chunk
  const [host = ''] = flags.rest
  const basic = `Basic ${Buffer.from(`${user}:${password.trim()}`).toString('base64')}`
  const answer = await registryAt(parseReference(`${host}/login`).origin, basic).request('', { method: 'GET' })
  await read(answer)
  if (answer.status !== 200) throw daemon(`login attempt to ${host} failed with status: ${answer.status}`)
  keepLogin(new URL(parseReference(`${host}/login`).origin).host, user, password.trim(), call.env)
  call.out('Login Succeeded\n')
  return 0
}

/** `docker image inspect`. */
export function inspectImages(docker: Docker, call: EngineCall): number {
  const flags = parse('image inspect', call.args, { format: 'value' }, { f: 'format' })
  expect('image inspect', flags, 1)
  const found = flags.rest.map((text) => docker.images.find(text)).filter((image) => image !== undefined)
  const shown = found.map(imageInfo)
  const format = flags.value('format')
  call.out(format === undefined ? `${JSON.stringify(shown, null, 4)}\n` : shown.map((image) => `${fill(format, image)}\n`).join(''))
  const missing = flags.rest.filter((text) => !docker.images.find(text))
  for (const text of missing) call.err(`Error response from daemon: No such image: ${text}\n`)
  return missing.length > 0 ? 1 : 0
}

/** An image as `docker image inspect` shows it. */
export function imageInfo({ id, tags, digests, layers, config, created, size, architecture }: LocalImage) {
  return {
    Id: id,
    RepoTags: tags,
    RepoDigests: digests,
    Created: created,
    Config: config,
    Architecture: architecture,
    Os: 'linux',
    Size: size,
    RootFS: { Type: 'layers', Layers: layers },
  }
}

/** `docker image ls`, `docker images`. */
export function listImages(docker: Docker, call: EngineCall): number {
  const flags = parse(
    'image ls',
    call.args,
    { quiet: 'flag', all: 'flag', 'no-trunc': 'flag', digests: 'flag', format: 'value' },
    { q: 'quiet', a: 'all' },
  )
  expect('image ls', flags, 0, 1)
  const [only] = flags.rest
  const id = (image: LocalImage) => (flags.has('no-trunc') ? image.id : image.id.slice('sha256:'.length).slice(0, 12))
  const items = docker.images.list().flatMap((image) =>
    [...image.tags, ...image.digests]
      .map((name) => {
        const [, Repository = '', Tag = '<none>', Digest = '<none>'] = /^(.*?)(?::([^/@]*))?(?:@(.*))?$/.exec(name) ?? []
        return {
          Repository,
          Tag,
          Digest,
          ID: id(image),
          CreatedAt: image.created,
          CreatedSince: image.created,
          Size: megabytes(image.size),
        }
      })
      .filter(({ Repository, Tag }) => only === undefined || only === Repository || only === `${Repository}:${Tag}`),
  )
  const columns = `{{.Repository}}\t{{.Tag}}${flags.has('digests') ? '\t{{.Digest}}' : ''}\t{{.ID}}\t{{.Size}}`
  const unique = [...new Set(items.map(({ ID }) => ID))]
  call.out(
    flags.has('quiet')
      ? unique.map((each) => `${each}\n`).join('')
      : rows(flags.value('format') ?? `table ${columns}`, items, { ID: 'IMAGE ID' }),
  )
  return 0
}

/** `docker image rm`, `docker rmi`. */
export function removeImages(docker: Docker, call: EngineCall): number {
  const flags = parse('image rm', call.args, { force: 'flag' }, { f: 'force' })
  expect('image rm', flags, 1)
  for (const text of flags.rest) {
    const image = docker.images.find(text)
    if (!image) {
      if (flags.has('force')) continue
      throw daemon(`No such image: ${text}`)
    }
    const user = docker.containers.list().find(({ record }) => record.imageId === image.id)
    if (user) {
      const short = image.id.slice('sha256:'.length).slice(0, 12)
      throw daemon(
        `conflict: unable to remove repository reference "${text}" - container ${user.record.id.slice(0, 12)} is using its referenced image ${short}`,
      )
    }
    const byId = image.id.includes(text)
    docker.images.remove(image, byId ? undefined : text)
    call.out(`Untagged: ${text}\n`)
    if (!docker.images.find(image.id)) call.out(`Deleted: ${image.id}\n`)
  }
  return 0
}

/** `docker image prune`: without `-a`, images that have no tag (one pulled by digest has none); with it, all that no container uses. */
export function pruneImages(docker: Docker, call: EngineCall): number {
  const flags = parse('image prune', call.args, { force: 'flag', all: 'flag' }, { f: 'force', a: 'all' })
  expect('image prune', flags, 0, 0)
  if (!flags.has('force')) throw new Refusal('nobody can be asked here: give --force')
  const used = new Set(docker.containers.list().map(({ record }) => record.imageId))
  const idle = docker.images.list().filter((image) => !used.has(image.id) && (flags.has('all') || image.tags.length === 0))
  for (const image of idle) docker.images.remove(image)
  if (idle.length > 0) call.out(`Deleted Images:\n${idle.map(({ id }) => `deleted: ${id}\n`).join('')}\n`)
  call.out(`Total reclaimed space: ${megabytes(idle.reduce((sum, { size }) => sum + size, 0))}\n`)
  return 0
}

function megabytes(size: number): string {
  return size < 1e6 ? `${(size / 1e3).toPrecision(3)}kB` : `${(size / 1e6).toPrecision(3)}MB`
}
