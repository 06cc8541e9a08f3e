import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { objectAt } from '../../config/source/positions.ts'
import { insertMember } from '../../src/new-service/insertion.ts'

const member = "b: { entry: './b.ts', port: 2 }"

/** A config whose services are this text, before and after. */
function inserted(services: string): string {
  const text = `export default defineConfig(() => ({ app: 'x', services: ${services} }))`
  const result = insertMember(text, objectAt(text, ['services'])!, member)
  assert.ok(result.startsWith("export default defineConfig(() => ({ app: 'x', services: ") && result.endsWith(' }))'))
  return result.slice("export default defineConfig(() => ({ app: 'x', services: ".length, -' }))'.length)
}

const cases: [what: string, before: string, after: string][] = [
  ['several lines with a comma at the end', '{\n    a: { port: 1 },\n  }', `{\n    a: { port: 1 },\n    ${member},\n  }`],
  ['several lines without one', '{\n    a: { port: 1 }\n  }', `{\n    a: { port: 1 },\n    ${member}\n  }`],
  ['a comment behind the last member', '{\n\ta: { port: 1 }, // one\n}', `{\n\ta: { port: 1 }, // one\n\t${member},\n}`],
  ['a comment where the comma would be', '{\n  a: { port: 1 } // one\n}', `{\n  a: { port: 1 }, // one\n  ${member}\n}`],
  [
    'comments after the last member',
    '{\n  a: { port: 1 },\n  // c: { port: 3 },\n}',
    `{\n  a: { port: 1 },\n  ${member},\n  // c: { port: 3 },\n}`,
  ],
  ['a block comment before the comma', '{\n  a: { port: 1 } /* one */,\n}', `{\n  a: { port: 1 } /* one */,\n  ${member},\n}`],
  ['lines that end as on Windows', '{\r\n  a: { port: 1 },\r\n}', `{\r\n  a: { port: 1 },\r\n  ${member},\r\n}`],
  ['a member of several lines', '{\n  a: {\n    port: 1,\n  },\n}', `{\n  a: {\n    port: 1,\n  },\n  ${member},\n}`],
  ['one line', '{ a: { port: 1 } }', `{ a: { port: 1 }, ${member} }`],
  ['one line with a comma at the end', '{ a: { port: 1 }, }', `{ a: { port: 1 }, ${member}, }`],
  ['nothing', '{}', `{ ${member} }`],
  ['nothing but a comment', '{\n  // none yet\n}', `{\n  // none yet\n  ${member},\n}`],
]

for (const [what, before, after] of cases) test(`${what}: the rest stays as it is`, () => assert.is(inserted(before), after))

test('the services are found behind names and functions, and not where they may be one or the other', () => {
  const found = (text: string) => {
    const span = objectAt(text, ['services'])
    return span && text.slice(span.start, span.end)
  }
  assert.is(found('const services = { a: 1 } as const\nexport default { services }'), '{ a: 1 }')
  assert.is(found('export default (({ stage }) => { return { services: { b: 1 } } })'), '{ b: 1 }')
  assert.is(found('export default { services: big ? { a: 1 } : { b: 1 } }'), undefined)
  assert.is(found('export default { services: make() }'), undefined)
  assert.is(found('export default { services: [] }'), undefined)
  assert.is(found('export default {'), undefined)
  assert.is(found('const nothing = 1'), undefined)
})

test.run()
