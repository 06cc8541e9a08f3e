import { gzipSync } from 'node:zlib'
import type { Connection, Family } from '../case.ts'
import { get, head } from '../message.ts'
import type { Random } from '../random.ts'
import type { Target } from '../target.ts'

/**
 * How long a case lasts, in ms: long enough to see what waiting clients cost, and no test of the service's own time
 * limits.
 */
const lastsMs = 600

/** Cuts a text into pieces of a few bytes. */
function drops(text: string | Buffer, size: number): Buffer[] {
  const bytes = Buffer.from(text)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}

const kinds: readonly (readonly [string, (target: Target, random: Random) => Connection])[] = [
  ['a head that comes byte by byte', ({ doors }) => ({ pieces: drops(head(doors[0]!.path, doors[0]!, 10), 1), everyMs: 10 })],
  [
    'a head that never ends',
    ({ doors }) => ({ pieces: [`POST ${doors[0]!.path} HTTP/1.1\r\n`, ...drops('X-A: b\r\n'.repeat(100), 8)], everyMs: 10 }),
  ],
  ['no word', () => ({ pieces: [] })],
  [
    'a body that comes byte by byte',
    ({ doors }, random) => {
      const door = random.pick(doors)
      const body = door.valid(5000)
      return { pieces: [head(door.path, door, body.length), ...drops(body, 1)], everyMs: 10 }
    },
  ],
  [
    'a packed body that comes byte by byte',
    ({ doors }, random) => {
      const door = random.pick(doors)
      const body = gzipSync(door.valid(100_000))
      return { pieces: [head(door.path, { ...door, packed: true }, body.length), ...drops(body, 1)], everyMs: 10 }
    },
  ],
  [
    'chunks of one byte',
    ({ doors }, random) => {
      const door = random.pick(doors)
      const chunks = [...door.valid(500)].map((character) => `1\r\n${character}\r\n`)
      return { pieces: [head(door.path, { ...door, headers: ['Transfer-Encoding: chunked'] }), ...chunks], everyMs: 10 }
    },
  ],
  ['an answer that nobody takes', ({ longAnswer = '/metrics' }) => ({ ...get(longAnswer), deaf: true })],
  [
    'ten answers on one connection that nobody takes',
    () => ({ pieces: ['GET /health HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10)], deaf: true, asks: true }),
  ],
]

/** Clients that take their time. */
export const slow: Family = {
  name: 'slow',
  weight: 1,
  make(target, random, turn) {
    const [name, make] = kinds[turn % kinds.length]!
    const clients = random.between(10, 40)
    const connections = Array.from({ length: clients }, () => ({ ...make(target, random), leave: lastsMs, garbled: true }))
    return { about: `${clients} clients, each with ${name}, for ${lastsMs / 1000} s`, connections }
  },
}
