import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { listen } from '../../api/listen.ts'
import { hostsOf } from '../../api/request.ts'
import { readWhole, writeWhole } from '../../files/whole.ts'
import type { InstanceFolder, Settings, StoredCredentials } from '../folder.ts'
import { comesFromInstance } from './asker.ts'

const file = (folder: InstanceFolder) => join(folder.path, 'metadata.json')

/** Where the metadata service of a machine answers; undefined before its first boot. */
export function metadataEndpoint(folder: InstanceFolder): string | undefined {
  return readWhole<{ endpoint: string }>(file(folder))?.endpoint
}

/**
 * Starts the instance metadata service, version 2 only, as it is when `HttpTokens` is `required`, on the instance's
 * address and a free port: 169.254.169.254 is not ours to take, so programs find it by
 * AWS_EC2_METADATA_SERVICE_ENDPOINT, which AWS's SDKs and tools read. It listens on the same port after a restart where
 * that is free. Whoever is no program of the instance, on its own network, has the connection broken without a word:
 * every user and every web page of this computer can reach a port of its loopback.
 *
 * @returns its endpoint
 */
export async function startMetadata(folder: InstanceFolder, settings: Settings): Promise<string> {
  /** Token → when it ends, in ms since the epoch. */
  const tokens = new Map<string, number>()
  /** Asked once a connection, as soon as there is one. */
  const admitted = new WeakMap<Socket, Promise<boolean>>()
  const server = createServer(async (request, response) => {
    if (await admitted.get(request.socket)) answer(request, response, folder, tokens)
  })
  server.on('connection', (socket: Socket) => admitted.set(socket, admit(socket, settings.instanceId)))
  // Node would say what is wrong with a request that is none, before anybody knows who it is from.
  server.on('clientError', (_, socket) => socket.destroy())
  const before = metadataEndpoint(folder)
  // With a real engine the instance's address is in a network of its own; what may reach the service there comes
  // through a gate.
  const host = settings.engine === 'docker' ? '127.0.0.1' : settings.privateAddress
  let refused = await listen(server, before === undefined ? 0 : Number(new URL(before).port), host)
  if (refused?.code === 'EADDRINUSE') refused = await listen(server, 0, host)
  if (refused) throw refused
  const { address, port } = server.address() as AddressInfo
  const endpoint = `http://${address}:${port}`
  writeWhole(file(folder), { endpoint })
  return endpoint
}

/** Breaks the connection of whoever may not ask. Who cannot be told from a stranger is one. */
async function admit(socket: Socket, instanceId: string): Promise<boolean> {
  const known = await comesFromInstance(socket, instanceId).catch((error: Error) => {
    console.error(`the metadata service cannot see who asks it: ${error.message}`)
    return false
  })
  if (!known && !socket.destroyed) socket.resetAndDestroy()
  return known
}

/**
 * Whether a request was made for this very service by a program, and neither by a web page nor for a name that was made
 * to point here.
 */
function isDirect(request: IncomingMessage): boolean {
  const { headers, socket } = request
  const names = [`${socket.localAddress}:${socket.localPort}`, '169.254.169.254', '169.254.169.254:80']
  // The service refuses whatever came through a proxy (EC2 User Guide, "How Instance Metadata Service Version 2
  // works").
  const strange = ['x-forwarded-for', 'origin', 'sec-fetch-site'].some((name) => headers[name] !== undefined)
  return hostsOf(request) === 1 && names.includes(headers.host ?? '') && !strange
}

function answer(request: IncomingMessage, response: ServerResponse, folder: InstanceFolder, tokens: Map<string, number>): void {
  const say = (status: number, body: string, type = 'text/plain') => response.writeHead(status, { 'content-type': type }).end(body)
  if (!isDirect(request)) return void say(403, '')
  const path = (request.url ?? '/').replace(/\?.*$/, '')
  if (path === '/latest/api/token') {
    if (request.method !== 'PUT') return void say(405, '')
    const seconds = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds'])
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return void say(400, '')
    const now = Date.now()
    for (const [old, ends] of tokens) if (ends < now) tokens.delete(old)
    const token = randomBytes(40).toString('base64url')
    tokens.set(token, now + seconds * 1000)
    response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', String(seconds))
    return void say(200, token)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return void say(405, '')
  const token = request.headers['x-aws-ec2-metadata-token']
  if (typeof token !== 'string' || (tokens.get(token) ?? 0) < Date.now()) return void say(401, '')
  const settings = readWhole<Settings>(folder.settings)
  if (settings === undefined) return void say(503, '')
  const text = lookUp(tree(settings, readWhole<StoredCredentials>(folder.credentials)), path)
  if (text === undefined) return void say(404, '')
  say(200, text, text.startsWith('{') ? 'application/json' : 'text/plain')
}

interface Tree {
  [name: string]: string | undefined | Tree
}

/** What the service knows, as the folders and files that it shows. A value that is undefined is not there. */
export function tree(settings: Settings, credentials: StoredCredentials | undefined): Tree {
  const zone = `${settings.region}a`
  const profile = credentials && settings.profileArn
  return {
    latest: {
      'meta-data': {
        'ami-id': settings.imageId,
        iam: credentials && {
          info: profile && JSON.stringify({ Code: 'Success', LastUpdated: credentials.LastUpdated, InstanceProfileArn: profile }),
          'security-credentials': {
            [credentials.role]: JSON.stringify({
              Code: 'Success',
              LastUpdated: credentials.LastUpdated,
              Type: 'AWS-HMAC',
              AccessKeyId: credentials.AccessKeyId,
              SecretAccessKey: credentials.SecretAccessKey,
              Token: credentials.Token,
              Expiration: credentials.Expiration,
            }),
          },
        },
        'instance-id': settings.instanceId,
        'instance-type': settings.instanceType,
        'local-ipv4': settings.privateAddress,
        mac: settings.mac,
        network: { interfaces: { macs: { [settings.mac]: { 'ipv4-associations': { ...settings.associations } } } } },
        placement: { 'availability-zone': zone, region: settings.region },
        'public-ipv4': settings.publicAddress,
        services: { domain: 'amazonaws.com', partition: 'aws' },
      },
      'user-data': settings.userData && Buffer.from(settings.userData, 'base64').toString('utf8'),
      dynamic: {
        'instance-identity': {
          document: JSON.stringify({
            accountId: settings.accountId,
            availabilityZone: zone,
            imageId: settings.imageId,
            instanceId: settings.instanceId,
            instanceType: settings.instanceType,
            privateIp: settings.privateAddress,
            region: settings.region,
            version: '2017-09-30',
          }),
        },
      },
    },
  }
}

/** A file's text, or a folder's listing with `/` after each folder in it; undefined when there is neither. */
function lookUp(root: Tree, path: string): string | undefined {
  let node: Tree | string | undefined = root
  for (const name of path.split('/').filter(Boolean)) {
    if (typeof node !== 'object' || !Object.hasOwn(node, name)) return undefined
    node = node[name]
  }
  if (typeof node !== 'object') return node
  return Object.entries(node)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => (typeof value === 'object' ? `${name}/` : name))
    .join('\n')
}
