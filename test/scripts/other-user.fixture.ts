import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { holderInTable } from '../../src/local/machine/metadata/connection-table.ts'
import { stranger } from '../support/asker.ts'

/** Everything that the processes of a stage listen on. */
export interface Sockets {
  /** `127.0.0.1:4780` */
  readonly tcp: readonly string[]
  /** Absolute paths. */
  readonly unix: readonly string[]
}

/** What another user got to do. */
export interface Reached {
  /** TCP ports and Unix sockets that sent a byte, with all that they said. */
  readonly answered: Readonly<Record<string, string>>
  /** Ports and sockets that took a connection. */
  readonly connected: readonly string[]
  readonly files: readonly string[]
}

/** The listening sockets of these processes, and the Unix sockets below these folders whoever listens there. */
export function socketsOf(pids: readonly number[], files: readonly string[]): Sockets {
  const inodes = new Set(pids.flatMap(socketsOfProcess))
  const tcp = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode!))
      .map(([, local]) => addressOf(local!)),
  )
  return { tcp: [...new Set(tcp)], unix: files.filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isSocket()) }
}

function socketsOfProcess(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1] ?? [])
  } catch {
    return [] // it has ended, or closed something, just now
  }
}

/**
 * The kernel's notation, by the same reading that the product has; what listens on every address, of either version, is
 * reached at any.
 */
function addressOf(text: string): string {
  const [host = '', port = ''] = text.split(':')
  if (/^0+$/.test(host)) return `0.0.0.0:${Number.parseInt(port, 16)}`
  const bytes = host
    .slice(-8)
    .match(/../g)!
    .map((byte) => Number.parseInt(byte, 16))
  const address = `${bytes.reverse().join('.')}:${Number.parseInt(port, 16)}` as const
  const table = `\n 0: ${text} ${text} 0A 0 0 0 0 0 1`
  if (!holderInTable(table, address, address)) throw new Error(`cannot read ${text}`)
  return address
}

/** Every file, folder, link and socket below a folder, and itself. */
export function everythingBelow(folder: string): string[] {
  const below = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? everythingBelow(path) : [path]
  })
  return [folder, ...below]
}

/** Runs as another user, who has nothing but this program. */
const program = `
const fs = require('node:fs')
const net = require('node:net')
const { sockets, files } = JSON.parse(fs.readFileSync(0, 'utf8'))
const said = (head, body = '') => head.join('\\r\\n') + '\\r\\n\\r\\n' + body
const questions = (host) => [
  said(['GET / HTTP/1.1', 'host: ' + host]),
  said(['GET / HTTP/1.1', 'host: evil.example', 'origin: http://evil.example']),
  said(['PUT /latest/api/token HTTP/1.1', 'host: ' + host, 'x-aws-ec2-metadata-token-ttl-seconds: 60', 'content-length: 0']),
  said(['GET /latest/meta-data/iam/security-credentials/ HTTP/1.1', 'host: 169.254.169.254']),
  said(['GET /containers/json HTTP/1.1', 'host: docker']),
  said(['GET /v2/_catalog HTTP/1.1', 'host: ' + host]),
  said(['POST / HTTP/1.1', 'host: ' + host, 'content-length: 40'], 'Action=DescribeInstances&Version=2016-11'),
  said(['POST /_cloud/status HTTP/1.1', 'host: ' + host, 'content-length: 2'], '{}'),
  'nonsense\\r\\n\\r\\n',
  String.fromCharCode(1, 0, 0, 0, 60) + '{"program":"docker","args":["ps"],"env":{},"cwd":"/","x":"yz"}',
]
const ask = (where, text) => new Promise((resolve) => {
  const socket = net.connect(where)
  let answer = ''
  let connected = false
  socket.on('connect', () => { connected = true; socket.write(text, 'latin1') })
  socket.on('data', (chunk) => { answer += chunk.toString('latin1') })
  socket.on('error', () => undefined)
  // Whoever keeps the connection has been asked long enough.
  socket.setTimeout(1500, () => socket.destroy())
  socket.on('close', () => resolve({ connected, answer }))
})
const main = async () => {
  const result = { answered: {}, connected: [], files: [] }
  await Promise.all(sockets.map(async (name) => {
    const [host, port] = name.split(':')
    const where = name.startsWith('/') ? { path: name } : { host: host === '0.0.0.0' ? '127.0.0.1' : host, port: Number(port) }
    const asked = questions(name.startsWith('/') ? 'localhost' : name).map((question) => ask(where, question))
    for (const { connected, answer } of await Promise.all(asked)) {
      if (connected && !result.connected.includes(name)) result.connected.push(name)
      if (answer !== '') result.answered[name] = (result.answered[name] ?? '') + answer
    }
  }))
  const may = (what, work) => { try { work(); result.files.push(what) } catch {} }
  for (const file of files) {
    may('read ' + file, () => fs.closeSync(fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)))
    may('write ' + file, () => fs.closeSync(fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK)))
    may('list ' + file, () => fs.readdirSync(file))
    may('add to ' + file, () => fs.mkdirSync(file + '/planted'))
  }
  process.stdout.write(JSON.stringify(result))
}
main()
`

/** What another user of this computer reaches of these sockets and files. */
export function tryAsStranger({ tcp, unix }: Sockets, files: readonly string[]): Reached {
  const input = JSON.stringify({ sockets: [...tcp, ...unix], files })
  const who = { uid: stranger, gid: stranger, cwd: '/', env: {} }
  return JSON.parse(execFileSync(process.execPath, ['-e', program], { ...who, input, encoding: 'utf8', maxBuffer: 2 ** 28 }))
}
