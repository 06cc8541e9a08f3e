import { gzipSync } from 'node:zlib'
import type { Attempt, Family } from '../case.ts'
import type { Door } from '../doors.ts'
import { post } from '../message.ts'
import type { Random } from '../random.ts'

const MiB = 1024 * 1024

/** What a bomb expands to: this, again and again. */
const fillings: Readonly<Record<string, string>> = {
  'line breaks': '\n',
  zeros: '\0',
  brackets: '[',
  'open objects': '{"a":',
  spaces: ' ',
  'empty records': '{}\n',
  records: '{"a":1}\n',
  nulls: 'null\n',
  'spaces and line breaks': '   \r\n',
  numbers: '0,',
  quotes: '"',
}

/** How the same bytes are packed. */
const wrappings: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  'in one member': (body) => gzipSync(body),
  'in members of 64 kB': (body) => repeated(gzipSync(body.subarray(0, 65_536)), Math.ceil(body.length / 65_536)),
  'cut short': (body) => gzipSync(body).subarray(0, -12),
  'with something behind': (body) => Buffer.concat([gzipSync(body), Buffer.from('{"a":1}')]),
  'packed twice': (body) => gzipSync(gzipSync(body)),
}

const repeated = (bytes: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => bytes))

/** The largest take a second to make; as the families go through them again and again, each is made once. */
const made = new Map<string, Buffer>()

function bomb(filling: string, size: number, wrapping: string): Buffer {
  const key = `${filling}/${size}/${wrapping}`
  const found = made.get(key) ?? wrappings[wrapping]!(Buffer.alloc(size, fillings[filling]))
  made.set(key, found)
  return found
}

function bombs(door: Door, random: Random, first: boolean): Attempt {
  const filling = random.pick(Object.keys(fillings))
  const wrapping = first ? 'in one member' : random.pick(Object.keys(wrappings))
  const size = first ? door.limit - 1024 : Math.min(random.pick([1, 4, 16, 63, 65]) * MiB, door.limit * 4)
  const body = bomb(first && door.limit > MiB ? 'line breaks' : filling, size, wrapping)
  return {
    about: `${body.length} bytes that unpack to ${Math.round(size / 1024)} kB of ${first && door.limit > MiB ? 'line breaks' : filling}, ${wrapping}, to ${door.path} as ${door.type}`,
    connections: [post(door.path, body, { ...door, packed: true })],
  }
}

/** Valid, and a hundredth of its size on the wire. */
function valid(door: Door, random: Random): Attempt {
  const size = random.pick([100 * 1024, 500 * 1024, MiB - 1024])
  const body = gzipSync(door.valid(size))
  return {
    about: `${body.length} bytes that unpack to a valid body of ${Math.round(size / 1024)} kB, to ${door.path} as ${door.type}`,
    connections: [post(door.path, body, { ...door, packed: true })],
  }
}

function members(door: Door, random: Random): Attempt {
  const count = random.pick([100, 2000, 20_000])
  const body = repeated(gzipSync(''), count)
  return {
    about: `${count} members of gzip with nothing in them, to ${door.path}`,
    connections: [post(door.path, body, { ...door, packed: true })],
  }
}

function stored(door: Door, random: Random): Attempt {
  const body = gzipSync(Buffer.alloc(random.pick([1000, 500_000, MiB - 1000]), ' '), { level: 0 })
  return {
    about: `${body.length} bytes of gzip that saves nothing, to ${door.path}`,
    connections: [post(door.path, body, { ...door, packed: true })],
  }
}

/** Packed, small, and heavy for a parser that looks at what stands in each other once for each level. */
function nested(door: Door, random: Random): Attempt {
  const depth = random.pick([2, 30, 60])
  const [about, inside] = random.pick([
    ['empty strings', '"",'.repeat(340_000)],
    ['numbers behind a few strings', `${'"",'.repeat(19_000)}${'1,'.repeat(450_000)}`],
    ['the same names', '{"a":1},'.repeat(120_000)],
  ] as const)
  const body = gzipSync(door.around(`${'['.repeat(depth)}${inside}0${']'.repeat(depth)}`))
  return {
    about: `${body.length} bytes that unpack to 1 MB of ${about}, ${depth} deep, to ${door.path}`,
    connections: [post(door.path, body, { ...door, packed: true })],
  }
}

const kinds = [bombs, bombs, valid, valid, members, stored, nested]

/** A few bytes that become many. */
export const expansion: Family = {
  name: 'expansion',
  weight: 5,
  make({ doors }, random, turn) {
    // The largest door that there is first: that is where most fits in.
    const door = [...doors].sort((a, b) => b.limit - a.limit)[turn % doors.length]!
    return turn < doors.length ? bombs(door, random, true) : random.pick(kinds)(door, random, false)
  },
}
