import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { positions } from '../../../config/source/positions.ts'

const at = (source: string, ...path: (string | number)[]) => positions(source)(path)

test('a key of a plain object is found on its line', () => {
  const source = "export default {\n  app: 'x',\n  services: {\n    'a-b': {\n      port: 1,\n    },\n  },\n}"
  assert.is(at(source, 'app'), 2)
  assert.is(at(source, 'services', 'a-b', 'port'), 5)
})

test('a key that is not there has the line of the nearest one above it', () => {
  const source = 'export default {\n  services: {\n    api: {},\n  },\n}'
  assert.is(at(source, 'services', 'api', 'port'), 3)
  assert.is(at(source, 'services', 'other', 'port'), 2)
  assert.is(at(source, 'app'), 1)
  assert.is(at(source), 1)
})

test('an entry of a list is found on its line', () => {
  const source = "export default {\n  needs: [\n    'a',\n    'b',\n  ],\n}"
  assert.is(at(source, 'needs', 1), 4)
  assert.is(at(source, 'needs', 7), 2)
  assert.is(at(source, 'needs', 'length'), 2)
})

const object = '{\n  app: 1,\n}'
const forms: Record<string, string> = {
  'a call': `export default define(${object})`,
  'a call with type arguments': `export default define<{ a: string }>(${object})`,
  'an arrow function': `export default define(({ stage }: { stage: string }) => (${object}))`,
  'an arrow function with a body': `export default () => { return ${object} }`,
  'a function expression': `export default define(function () { return ${object} })`,
  'a function declaration': `export default function config() { return ${object} }`,
  'an asynchronous function': `export default async () => await ${object}`,
  'a constant': `const config: object = ${object}; export default config`,
  'a function that is named elsewhere': `function config() { return ${object} }; export default define(config)`,
  satisfies: `export default ${object} satisfies object`,
  'as const': `export default ${object} as const`,
  'not null': `export default (${object})!`,
  'a condition': `export default ({ stage }) => stage === 'x' ? { other: 1 } : ${object}`,
  'a spread': `const all = ${object}; export default { ...all, other: 1 }`,
  'a spread on a condition': `export default ({ stage }) => ({ ...(stage === 'x' && ${object}) })`,
}

for (const [form, source] of Object.entries(forms)) {
  test(`keys are found through ${form}`, () => {
    assert.is(at(source, 'app'), 2)
  })
}

test('keys are found through a value that stands elsewhere', () => {
  const source = 'const api = {\n  port: 1,\n}\nexport default {\n  services: { api },\n}'
  assert.is(at(source, 'services', 'api', 'port'), 2)
})

test('the last of two values of a key counts', () => {
  const source = 'const all = {\n  port: 1,\n}\nexport default {\n  ...all,\n  port: 2,\n}'
  assert.is(at(source, 'port'), 6)
})

test('values that refer to each other end the search', () => {
  assert.is(at('const a = b\nconst b = a\nexport default {\n  x: a,\n}', 'x', 'y'), 4)
  assert.is(at('const a = { ...a }\nexport default {\n  ...a,\n}', 'x'), 2)
})

test('a text that does not parse, or that exports nothing by default, has no positions', () => {
  assert.is(at('export default {', 'app'), undefined)
  assert.is(at('export const app = 1', 'app'), undefined)
})

test.run()
