import type { Attempt, Connection, Family } from '../case.ts'
import type { Door } from '../doors.ts'
import { chunked, head, post } from '../message.ts'
import type { Random } from '../random.ts'

const MiB = 1024 * 1024
const repeat = (text: string, count: number) => Array.from({ length: count }, () => text).join(',')

/** Exactly so many bytes: JSON may have any white space at its end. */
const padded = (text: string, bytes: number) => text.slice(0, bytes).padEnd(bytes, ' ')

function atTheLimit(door: Door, random: Random): Attempt {
  const beyond = random.pick([-1, 0, 1, 1000, 100_000])
  // The longest that a test sends: what is beyond it goes by its stated length.
  const bytes = Math.min(door.limit, 4 * MiB) + beyond
  const body = padded(door.valid(bytes - 2000), bytes)
  const whole = random.between(0, 1) === 0
  return {
    about: `${bytes} bytes${whole ? '' : ' in chunks'}, to ${door.path} as ${door.type}`,
    connections: [whole ? post(door.path, body, door) : chunked(door.path, Buffer.from(body), 16_384, door)],
  }
}

/** Says that it will send much, sends little, and waits. */
function claimed(door: Door, random: Random): Attempt {
  const length = random.pick([door.limit + 1, 2 ** 31, 2 ** 53 - 1])
  const connection: Connection = { pieces: [head(door.path, door, length), door.valid(100)], leave: 500, garbled: true }
  return { about: `a stated length of ${length} bytes and 100 sent, to ${door.path}`, connections: [connection] }
}

/** As much as fits into a body, made of the smallest values that there are. */
function small(door: Door, random: Random): Attempt {
  const unit = random.pick(['0', '""', '{}', '[]', 'null', '-0', '{"a":0}', '[0]'])
  const count = Math.floor((1000 * 1024) / (unit.length + 1))
  return { about: `${count} times ${unit}, to ${door.path}`, connections: [post(door.path, door.around(`[${repeat(unit, count)}]`), door)] }
}

function manyKeys(door: Door, random: Random): Attempt {
  const count = random.pick([1000, 20_000, 80_000])
  const body = door.around(`{${Array.from({ length: count }, (_, index) => `"${index.toString(36)}":0`).join(',')}}`)
  return { about: `an object with ${count} keys, to ${door.path}`, connections: [post(door.path, body, door)] }
}

function long(door: Door, random: Random): Attempt {
  const count = random.pick([10_000, 100_000, 900_000])
  const [name, json] = random.pick([
    ['digits', () => '9'.repeat(count)],
    ['digits of a fraction', () => `0.${'1'.repeat(count)}`],
    ['digits of an exponent', () => `1e${'9'.repeat(count)}`],
    ['characters of a string', () => `"${'x'.repeat(count)}"`],
    ['escapes', () => `"${'\\u0000'.repeat(count / 6)}"`],
    ['backslashes', () => `"${'\\\\'.repeat(count / 2)}"`],
    ['halves of a pair', () => `"${'\\ud800'.repeat(count / 6)}"`],
    ['characters of a key', () => `{"${'k'.repeat(count)}":1}`],
    ['emoji', () => `"${'\u{1f600}'.repeat(count / 4)}"`],
  ] as const)
  return { about: `${count} bytes of ${name}, to ${door.path}`, connections: [post(door.path, door.around(json()), door)] }
}

/** More than may be in one request where it comes as lines. */
function lines(door: Door, random: Random): Attempt {
  const [name, body] = random.pick([
    ['one line without an end', () => `{"a":"${'x'.repeat(2 * MiB)}`],
    ['120,000 lines', () => '{"a":1}\n'.repeat(120_000)],
    ['200,000 wrong lines', () => 'x\n'.repeat(200_000)],
    ['lines that are too long', () => `${'y'.repeat(MiB + 10)}\n`.repeat(3)],
    ['half a million empty lines', () => '\n'.repeat(500_000)],
  ] as const)
  return { about: `${name}, to ${door.path} as ${door.type}`, connections: [post(door.path, body(), door)] }
}

const kinds = [atTheLimit, claimed, small, small, manyKeys, long, long]

/** As much as may be, a little more, and as much as possible of what costs most a byte. */
export const size: Family = {
  name: 'size',
  weight: 7,
  make({ doors }, random, turn) {
    const door = doors[turn % doors.length]!
    return random.pick(door.limit > MiB ? [...kinds, lines, lines] : kinds)(door, random)
  },
}
