import type { Family } from '../case.ts'
import { packedPost, post } from '../message.ts'

/** As deep as a body may be in our services; a little more may pass, since the body itself has a level or two. */
const allowed = 64
const slack = 4

const depths = [10, 60, 80, 200, 1000, 10_000, 100_000]

interface Kind {
  readonly name: string
  /** Characters a level, so that no body gets longer than a service takes. */
  readonly size: number
  text(depth: number): string
}

const kinds: readonly Kind[] = [
  { name: 'lists', size: 2, text: (depth) => '['.repeat(depth) + ']'.repeat(depth) },
  { name: 'objects', size: 6, text: (depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}` },
  { name: 'lists in objects', size: 4, text: (depth) => `${'{"a":['.repeat(depth / 2)}${']}'.repeat(depth / 2)}` },
  { name: 'lists that never close', size: 1, text: (depth) => '['.repeat(depth) },
  { name: 'objects that never close', size: 5, text: (depth) => '{"a":'.repeat(depth) },
  { name: 'lists with a neighbour at every level', size: 4, text: (depth) => `${'[0,'.repeat(depth)}0${']'.repeat(depth)}` },
]

/**
 * Values in values: what walks them by calling itself runs out of stack, in the service or in whoever reads what it
 * kept.
 */
export const nesting: Family = {
  name: 'nesting',
  weight: 8,
  make({ doors, boundsDepth }, random, turn) {
    const kind = kinds[turn % kinds.length]!
    const door = random.pick(doors)
    const wanted = turn < 2 * kinds.length ? 100_000 : random.pick([...depths, random.between(80, 100_000)])
    const depth = Math.floor(Math.min(wanted, (900 * 1024) / kind.size))
    const bare = random.between(0, 9) === 0
    const body = bare ? kind.text(depth) : door.around(kind.text(depth))
    const packed = random.between(0, 2) === 0
    return {
      about: `${kind.name}, ${depth} deep, ${bare ? 'alone' : 'in a body'}${packed ? ', packed' : ''}, to ${door.path}`,
      connections: [(packed ? packedPost : post)(door.path, body, door)],
      ...(boundsDepth && depth > allowed + slack && { refuse: `it is nested ${depth} deep` }),
    }
  },
}
