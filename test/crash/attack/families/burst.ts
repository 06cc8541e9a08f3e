import { gzipSync } from 'node:zlib'
import type { Connection, Family } from '../case.ts'
import { type Door, validPost } from '../doors.ts'
import { get, post } from '../message.ts'

const MiB = 1024 * 1024
const large = MiB - 4000

const kinds: readonly (readonly [string, (door: Door, longAnswer: string) => Connection])[] = [
  ['valid bodies of 1 MB', (door) => validPost(door, large)],
  ['valid bodies of 1 MB, packed', (door) => post(door.path, gzipSync(door.valid(large)), { ...door, packed: true })],
  ['bodies of 1 MB of the smallest values', (door) => post(door.path, door.around(`[${'{},'.repeat(large / 3 - 100)}0]`), door)],
  ['bodies with a thousand entries', (door) => post(door.path, door.valid(30_000), door)],
  ['questions with long answers', (_door, longAnswer) => get(longAnswer)],
]

/** Many at once, each of which would be welcome alone. */
export const burst: Family = {
  name: 'many at once',
  weight: 1,
  make({ doors, longAnswer = '/metrics' }, random, turn) {
    const [name, make] = kinds[turn % kinds.length]!
    const door = doors[Math.floor(turn / kinds.length) % doors.length]!
    const clients = turn < kinds.length ? 60 : random.between(20, 60)
    const one = make(door, longAnswer)
    return {
      about: `${clients} ${name}, to ${one.asks ? longAnswer : `${door.path} as ${door.type}`}`,
      connections: Array(clients).fill(one),
    }
  },
}
