import { METHODS } from 'node:http'
import type { Attempt, Connection, Family } from '../case.ts'
import type { Door } from '../doors.ts'
import { chunked, head, post } from '../message.ts'
import type { Random } from '../random.ts'

const garbled = (...pieces: (string | Buffer)[]): Connection => ({ pieces, garbled: true, leave: 500 })
const one = (about: string, connection: Connection, refuse?: string): Attempt => ({
  about,
  connections: [connection],
  ...(refuse && { refuse }),
})

/** A body with a head of one's own. */
const raw = ({ path, type }: Door, lines: readonly string[], body: string | Buffer, host = 'Host: a') =>
  garbled([`POST ${path} HTTP/1.1`, host, 'Connection: close', `Content-Type: ${type}`, ...lines, '\r\n'].join('\r\n'), body)

type Make = (door: Door, random: Random) => Attempt

/** What the head of a message can get wrong about itself. */
const framing: readonly Make[] = [
  (door) => one('two Host headers', raw(door, ['Host: b', 'Content-Length: 2'], '{}'), 'it has two Host headers'),
  (door) => one('no Host header', raw(door, ['Content-Length: 2'], '{}', 'X-A: b'), 'it has no Host header'),
  (door) => one('two lengths', raw(door, ['Content-Length: 2', 'Content-Length: 3'], '{} '), 'it has two lengths'),
  (door) => one('a list of lengths', raw(door, ['Content-Length: 2, 2'], '{}'), 'its length is a list'),
  (door) => one('a length and chunks', raw(door, ['Content-Length: 2', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 'it has two ends'),
  (door) => one('chunked twice', raw(door, ['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n')),
  (door) => one('an unknown transfer encoding', raw(door, ['Transfer-Encoding: zip'], '{}')),
  (door) => one('a negative length', raw(door, ['Content-Length: -1'], '{}'), 'its length is negative'),
  (door) => one('a length of 400 digits', raw(door, [`Content-Length: ${'9'.repeat(400)}`], '{}'), 'its length is no length'),
  (door) => one('chunks of no size', raw(door, ['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'), 'a chunk has no size'),
  (door) => one('a chunk of 16 EB', raw(door, ['Transfer-Encoding: chunked'], 'ffffffffffffffff\r\n{}'), 'a chunk is too large'),
  (door) => one('long chunk extensions', raw(door, ['Transfer-Encoding: chunked'], `2;${'a'.repeat(60_000)}\r\n{}\r\n0\r\n\r\n`)),
  (door) =>
    one('chunks with trailers', raw(door, ['Transfer-Encoding: chunked', 'Trailer: X-A'], '2\r\n{}\r\n0\r\nX-A: b\r\nHost: c\r\n\r\n')),
  (door) => one('chunks with many trailers', raw(door, ['Transfer-Encoding: chunked'], `0\r\n${'X-A: b\r\n'.repeat(3000)}\r\n`)),
  (door) => one('valid chunks of one byte', chunked(door.path, Buffer.from(door.valid(2000)), 1, door)),
  (door) => one('line feeds alone', garbled(`POST ${door.path} HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}`)),
  (door) => one('a folded header', raw(door, ['X-A: b\r\n c', 'Content-Length: 2'], '{}')),
  (door) => one('a space before the colon', raw(door, ['Content-Length : 2'], '{}'), 'a header has a space before its colon'),
  () => one('HTTP/0.9', garbled('GET /health\r\n\r\n')),
  () => one('HTTP/1.0', garbled('GET /health HTTP/1.0\r\n\r\n')),
  () => one('HTTP/2', garbled('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  () => one('TLS', garbled(Buffer.from('16030100f4010000f00303', 'hex'), Buffer.alloc(233, 7))),
  (_door, random) => one('bytes', garbled(Buffer.from(Array.from({ length: 500 }, () => random.between(0, 255))))),
  (door) => one('a hundred requests at once', garbled(`GET ${door.path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(100))),
  (_door, random) =>
    one('1,500 requests at once', garbled(`GET ${random.pick(['/metrics', '/health', '/v2'])} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(1500))),
]

/** Heads that are well formed and absurd. */
const heads: readonly Make[] = [
  (door, random) => one('a long header', post(door.path, '{}', { ...door, headers: [`X-A: ${'b'.repeat(random.pick([8000, 15_000]))}`] })),
  (door) => one('a header that is too long', raw(door, [`X-A: ${'b'.repeat(100_000)}`], '')),
  (door) =>
    one(
      '2,000 headers',
      raw(
        door,
        Array.from({ length: 2000 }, (_, index) => `X-${index}: b`),
        '',
      ),
    ),
  (door) => one('a header with a NUL', raw(door, ['X-A: b\0c', 'Content-Length: 2'], '{}'), 'a header has a NUL'),
  (door) => one('a header in Latin-1', raw(door, [Buffer.from('X-A: \xff\xfe', 'latin1').toString('latin1'), 'Content-Length: 2'], '{}')),
  (door) => one('a wish to go on', post(door.path, door.valid(100), { ...door, headers: ['Expect: 100-continue'] })),
  (door) => one('an unknown wish', raw(door, ['Expect: a-miracle', 'Content-Length: 2'], '{}')),
  (door) => one('an upgrade', post(door.path, door.valid(100), { ...door, headers: ['Upgrade: websocket', 'Sec-WebSocket-Version: 13'] })),
  (door, random) =>
    one(
      'binary tensors',
      post(door.path, Buffer.concat([Buffer.from('{}'), Buffer.alloc(8000)]), {
        ...door,
        headers: [`Inference-Header-Content-Length: ${random.pick([2, -1, 99_999])}`],
      }),
    ),
  (door, random) =>
    one(
      'another content type',
      post(door.path, door.valid(500), {
        type: random.pick([
          'text/plain',
          'multipart/form-data; boundary=x',
          'application/x-ndjson',
          'a',
          'application/json; charset=utf-16',
          'application/json'.repeat(300),
        ]),
      }),
    ),
  (door, random) =>
    one(
      'an unknown packing',
      post(door.path, door.valid(500), {
        ...door,
        headers: [`Content-Encoding: ${random.pick(['br', 'deflate', 'gzip, gzip', 'zstd', 'gzip;q=1', '\x7f'])}`],
      }),
    ),
  (door, random) =>
    one(
      'a strange key',
      post(door.path, door.valid(300), {
        ...door,
        headers: [`Idempotency-Key: ${random.pick(['', 'x'.repeat(10_000), '"', '\t', "'; drop table"])}`],
      }),
    ),
]

const paths = [
  '/%', '/%00', '/%ff%fe', '//', '/../../etc/passwd', '/data/%2e%2e', '/health/', '/METRICS', '*', 'http://other.example/health', 'no-slash',
  `/${'a/'.repeat(3000)}`, `/data/${'x'.repeat(7000)}`, `/data?${'&'.repeat(7000)}`, `/data?limit=${'9'.repeat(7000)}`, '/data?limit=-1', '/data?limit=1e3',
  '/data?before=%00', `/data?before=${'%41'.repeat(2000)}`, '/data?limit=%', '/v2/models/%00', '/v2/models/__proto__/ready', '/v2/models/a/versions/b/infer',
  '/data/constructor', '/health?__proto__[a]=b', '/?a[b][c]=d', '/\u00e9', '/#a',
] // biome-ignore format: a list to be read
const bodies: readonly (readonly [string, Buffer | string])[] = [
  ['broken UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['half a character at the end', Buffer.from([0x22, 0xe2, 0x82])],
  ['a byte order mark', '\ufeff{"a":1}'],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
  ['NUL bytes', '\0'.repeat(1000)],
  ['a NUL in a string', '{"a":"\0"}'],
  ['random bytes', Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) & 255))],
  ['no body', ''],
  ['two values', '{"a":1}{"a":2}'],
  ['a comment', '/* */{"a":1}'],
  ['Infinity', '{"a":Infinity}'],
  ['numbers beyond a double', '{"features":[1e999,-1e999,12345678901234567890]}'],
] // biome-ignore format: a list to be read

const methods = (door: Door, turn: number) => {
  const method = METHODS[turn % METHODS.length]!
  return one(`${method}`, garbled(head(door.path, { ...door, method }, method === 'GET' ? undefined : 2), method === 'GET' ? '' : '{}'))
}
const path: Make = (_door, random) => {
  const wanted = random.pick(paths)
  return one(`the path ${wanted.slice(0, 30)}`, garbled(head(wanted, { method: 'GET' })))
}
const body: Make = (door, random) => {
  const [name, bytes] = random.pick(bodies)
  return one(`${name}, to ${door.path} as ${door.type}`, post(door.path, bytes, door))
}

const kinds: readonly Make[] = [...framing, ...heads]

/** What no good client sends. */
export const protocol: Family = {
  name: 'protocol',
  weight: 10,
  make({ doors }, random, turn) {
    const door = random.pick(doors)
    if (turn % 2 === 0) return kinds[(turn / 2) % kinds.length]!(door, random)
    return turn % 4 === 1 ? methods(door, (turn - 1) / 4) : random.pick([path, body])(door, random)
  },
}
