import { gzipSync } from 'node:zlib'
import type { Attempt, Connection, Family } from '../case.ts'
import { type Door, validPost } from '../doors.ts'
import { get, head, post } from '../message.ts'
import type { Random } from '../random.ts'

const MiB = 1024 * 1024

const uploads: readonly (readonly [string, (door: Door) => Connection])[] = [
  ['a valid body of 1 MB', (door) => validPost(door, MiB - 2000)],
  ['a valid body of 1 MB, packed', (door) => post(door.path, gzipSync(door.valid(MiB - 2000)), { ...door, packed: true })],
  ['a body with a long answer', (door) => post(door.path, door.repeated(1000), door)],
  ['32 MB of line breaks, packed', (door) => post(door.path, lineBreaks, { ...door, packed: true })],
  ['2 MB of records, packed', (door) => post(door.path, records, { ...door, packed: true })],
]
const lineBreaks = gzipSync(Buffer.alloc(32 * MiB, '\n'))
const records = gzipSync(Buffer.alloc(2 * MiB, '{"a":1}\n'))

/** Goes away when everything is sent: what is begun then is begun for nobody. */
function afterUpload(door: Door, random: Random, abrupt: boolean): Attempt {
  const [name, make] = random.pick(uploads)
  const clients = random.between(1, 6)
  const leave = random.pick(['sent', 'sent', 5, 30] as const)
  const connections = Array.from({ length: clients }, () => ({ ...make(door), leave, abrupt, garbled: true }))
  return { about: `${clients} clients leave after ${name}, to ${door.path} as ${door.type}`, connections }
}

function inUpload(door: Door, random: Random, abrupt: boolean): Attempt {
  const clients = random.between(1, 20)
  const body = Buffer.from(door.valid(random.pick([1000, 100_000, MiB - 2000])))
  const part = body.subarray(0, random.between(1, body.length - 1))
  const one: Connection = { pieces: [head(door.path, door, body.length), part], leave: 'sent', abrupt, garbled: true }
  return {
    about: `${clients} clients leave after ${part.length} of ${body.length} bytes, to ${door.path}`,
    connections: Array(clients).fill(one),
  }
}

function inAnswer(door: Door, random: Random, abrupt: boolean, path: string): Attempt {
  const clients = random.between(1, 10)
  const asked =
    random.between(0, 1) === 0 ? { ...get(path), leave: 'answer' as const } : { ...validPost(door, 500_000), leave: 'answer' as const }
  return {
    about: `${clients} clients leave at the first byte of the answer`,
    connections: Array(clients).fill({ ...asked, abrupt, garbled: true }),
  }
}

function atOnce(_door: Door, random: Random, abrupt: boolean): Attempt {
  const clients = random.between(20, 60)
  return {
    about: `${clients} clients connect and leave`,
    connections: Array(clients).fill({ pieces: [''], leave: 'sent', abrupt, garbled: true }),
  }
}

function afterContinue(door: Door, _random: Random, abrupt: boolean): Attempt {
  const pieces = [head(door.path, { ...door, headers: ['Expect: 100-continue'] }, 1000)]
  return { about: 'a client leaves when it may go on', connections: [{ pieces, leave: 'answer', abrupt, garbled: true }] }
}

const kinds = [afterUpload, afterUpload, inUpload, inAnswer, atOnce, afterContinue]

/** Clients that go away, in good order or not, while something is done for them. */
export const abandoned: Family = {
  name: 'abandoned',
  weight: 4,
  make({ doors, longAnswer = '/metrics' }, random, turn) {
    return kinds[turn % kinds.length]!(random.pick(doors), random, random.between(0, 1) === 0, longAnswer)
  },
}
