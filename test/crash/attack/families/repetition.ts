import type { Attempt, Family } from '../case.ts'
import type { Door } from '../doors.ts'
import { get, packedPost, post } from '../message.ts'
import type { Random } from '../random.ts'

const counts = [2, 10, 100, 1000, 5000, 20_000]
const repeat = (text: string, count: number, between = ',') => Array.from({ length: count }, () => text).join(between)

/** What a door takes a list of, the same thing again and again. */
function entries(door: Door, random: Random): Attempt {
  const count = random.pick(counts)
  const packed = random.between(0, 1) === 0
  return {
    about: `the same entry ${count} times${packed ? ', packed' : ''}, to ${door.path}`,
    connections: [(packed ? packedPost : post)(door.path, door.repeated(count), door)],
    ...(door.refuseRepeated && { refuse: door.refuseRepeated }),
  }
}

function keys(door: Door, random: Random): Attempt {
  const count = random.pick(counts)
  const [name, key] = random.pick([
    ['one key', () => '"a":1'],
    ['__proto__', () => '"__proto__":{"a":1}'],
    ['keys that are large numbers', (index: number) => `"${4_000_000_000 + index * 7}":0`],
    ['keys that differ in their last character', (index: number) => `"${'k'.repeat(20)}${index}":0`],
  ] as const)
  const body = door.around(`{${Array.from({ length: count }, (_, index) => key(index)).join(',')}}`)
  return { about: `${name}, ${count} times, to ${door.path}`, connections: [post(door.path, body, door)] }
}

/** A field of the whole body, at its beginning, so that all but the last are for nothing. */
function fields(door: Door, random: Random): Attempt {
  const count = random.pick(counts)
  const field = random.pick(['"inputs":[]', '"outputs":[{}]', '"instances":[[1]]', '"features":[1]', '"id":"a"'])
  const body = `{${repeat(field, count)}}`
  return { about: `${field} ${count} times, to ${door.path}`, connections: [post(door.path, body, door)] }
}

function headers(door: Door, random: Random): Attempt {
  const count = random.pick([2, 10, 100])
  const line = random.pick(['Content-Type: application/json', 'X-Request-Id: abc', 'Idempotency-Key: abc', 'Accept: */*', 'Cookie: a=b'])
  const headers = Array.from({ length: count }, () => line)
  return { about: `"${line}" ${count} times, to ${door.path}`, connections: [post(door.path, door.valid(100), { ...door, headers })] }
}

function query(_door: Door, random: Random): Attempt {
  const count = random.pick([2, 100, 700])
  const path = random.pick(['/data', '/health', '/v2'])
  return { about: `limit=1 ${count} times, to ${path}`, connections: [get(`${path}?${repeat('limit=1', count, '&')}`)] }
}

/** The same key for the same data, at once: whoever sends again because no answer came does that. */
function retries(door: Door, random: Random): Attempt {
  const count = random.between(10, 30)
  const headers = [`Idempotency-Key: again-${random.between(0, 1e9)}`]
  const one = post(door.path, door.valid(2000), { ...door, headers })
  return { about: `${count} times one request with one key, to ${door.path}`, connections: Array.from({ length: count }, () => one) }
}

const kinds = [entries, entries, keys, fields, headers, query, retries]

/** The same again and again, where each time has a cost: the largest one is an answer that has it all once more. */
export const repetition: Family = {
  name: 'repetition',
  weight: 7,
  make({ doors }, random, turn) {
    const door = doors[turn % doors.length]!
    if (turn < doors.length) return { ...entries(door, { between: (_from, to) => to, pick: () => 5000 as never }) }
    return random.pick(kinds)(door, random)
  },
}
