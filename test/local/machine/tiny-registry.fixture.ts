import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

/** A registry that gives out what the test puts in, and counts what is asked of it. */
export interface TinyRegistry {
  readonly host: string
  readonly asked: string[]
  /** Answers every request with 401 unless it says this; undefined: lets everybody in. */
  authorization: string | undefined
  /** Gives back these bytes instead of a blob. */
  readonly broken: Map<string, Buffer>
  /**
   * Layers as path → content; a content that starts with `->` is a symbolic link, null is a folder. Returns the
   * reference by digest.
   */
  push(name: string, image: TinyImage): Promise<string>
  close(): Promise<void>
}

export interface TinyImage {
  readonly layers: readonly Readonly<Record<string, string | null>>[]
  readonly gzip?: boolean
  readonly config?: Record<string, unknown>
  /** The diff ids of the config are wrong. */
  readonly lying?: boolean
}

const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export async function startTinyRegistry(): Promise<TinyRegistry> {
  const content = new Map<string, { bytes: Buffer; type: string }>()
  const broken = new Map<string, Buffer>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const found = content.get(path)
    if (registry.authorization !== undefined && request.headers.authorization !== registry.authorization)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="tiny"' }).end('{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}')
    else if (path === '/v2/') response.end('{}')
    else if (!found) response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}')
    else response.writeHead(200, { 'content-type': found.type }).end(broken.get(path) ?? found.bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const registry: TinyRegistry = {
    host,
    asked,
    broken,
    authorization: undefined,
    async push(name, { layers, gzip = false, config = {}, lying = false }) {
      const put = (kind: string, bytes: Buffer, type: string) => {
        const digest = digestOf(bytes)
        content.set(`/v2/${name}/${kind}/${digest}`, { bytes, type })
        return { digest, size: bytes.length, mediaType: type }
      }
      const tars = await Promise.all(layers.map(tar))
      const media = `application/vnd.oci.image.layer.v1.tar${gzip ? '+gzip' : ''}`
      const blobs = tars.map((bytes) => put('blobs', gzip ? gzipSync(bytes) : bytes, media))
      const diff_ids = tars.map((bytes) => digestOf(lying ? 'something else' : bytes))
      const configText = JSON.stringify({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids },
      })
      const configBlob = put('blobs', Buffer.from(configText), 'application/vnd.oci.image.config.v1+json')
      const type = 'application/vnd.oci.image.manifest.v1+json'
      const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, config: configBlob, layers: blobs }))
      const { digest } = put('manifests', manifest, type)
      content.set(`/v2/${name}/manifests/latest`, { bytes: manifest, type })
      return `${host}/${name}@${digest}`
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return registry
}

async function tar(files: Readonly<Record<string, string | null>>): Promise<Buffer> {
  const archive = pack()
  for (const [name, text] of Object.entries(files)) {
    if (text === null) archive.entry({ name, type: 'directory', mode: 0o755 })
    else if (text.startsWith('->')) archive.entry({ name, type: 'symlink', linkname: text.slice(2) })
    else if (text.startsWith('=>')) archive.entry({ name, type: 'link', linkname: text.slice(2) })
    else archive.entry({ name, mode: text.startsWith('#!') ? 0o755 : 0o644 }, text)
  }
  archive.finalize()
  return await buffer(archive)
}

/** A layer with a `node` that is this one. */
export const nodeLayer = { 'usr/local/bin/node': `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, 'tmp/': null } as const

/** An image of a small web service: it tells what it sees, exits when told, and prints lines. */
export const webImage: TinyImage = {
  layers: [
    nodeLayer,
    {
      'app/server.mjs': `
        import { createServer } from 'node:http'
        import { readFileSync } from 'node:fs'
        const { HOST, PORT } = process.env
        const server = createServer((request, response) => {
          if (request.url === '/exit') process.exit(7)
          if (request.url === '/slow') return setTimeout(() => response.end('slow'), 300)
          response.end(JSON.stringify({ env: process.env, argv: process.argv.slice(2), cwd: process.cwd(), pid: process.pid }))
        })
        server.listen(Number(PORT), HOST, () => console.log('listening on ' + HOST + ':' + PORT))
        console.error('started with ' + process.argv.slice(2).join(' '))
        process.on('SIGTERM', () => { console.log('draining'); server.close(() => process.exit(0)); server.closeIdleConnections() })
      `,
      'data/seed.txt': 'seed',
      'etc/app.conf': 'x=1',
    },
  ],
  config: {
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOST=0.0.0.0', 'PORT=8001', 'DATA_DIR=/data'],
    Entrypoint: ['/usr/local/bin/node', '/app/server.mjs'],
    WorkingDir: '/app',
    User: '1000:1000',
  },
}
