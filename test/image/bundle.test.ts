import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stop } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle } from '../../src/image/bundle.ts'
import { failureOf, tempFolder } from '../support/tiny-image.ts'

const modules = join(import.meta.dirname, '..', '..', 'node_modules')

test('a TypeScript entry becomes one module that Node runs, CommonJS dependencies included', async () => {
  const { folder, remove } = tempFolder({
    'services/a/server.ts': `
      import client from 'prom-client'
      import { greet } from './greet.ts'
      console.log(greet('x' as string), typeof client.Registry)`,
    'services/a/greet.ts': "export const greet = (name: string): string => 'hello '.concat(name)",
  })
  symlinkSync(modules, join(folder, 'node_modules'))
  const { text } = await bundle('a', join(folder, 'services/a/server.ts'), folder)
  writeFileSync(join(folder, 'server.mjs'), text)
  assert.is(execFileSync(process.execPath, [join(folder, 'server.mjs')], { encoding: 'utf8' }), 'hello x function\n')
  remove()
})

test('a module that makes its own require still runs', async () => {
  const { folder, remove } = tempFolder({
    'a.ts':
      "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); console.log(typeof require('node:os').cpus, __dirname)",
  })
  writeFileSync(join(folder, 'server.mjs'), (await bundle('a', join(folder, 'a.ts'), folder)).text)
  assert.is(execFileSync(process.execPath, [join(folder, 'server.mjs')], { encoding: 'utf8' }), 'function /app\n')
  remove()
})

test('the same source gives the same text in different folders, wherever its node_modules lie', async () => {
  const source = { 'services/a/server.ts': "import polka from 'polka'; console.log(polka)" }
  const linked = tempFolder(source)
  symlinkSync(modules, join(linked.folder, 'node_modules'))
  const hoisted = tempFolder({ 'deep/er/services/a/server.ts': source['services/a/server.ts'] })
  symlinkSync(modules, join(hoisted.folder, 'node_modules'))
  const texts = [
    (await bundle('a', join(linked.folder, 'services/a/server.ts'), linked.folder)).text,
    (await bundle('a', join(hoisted.folder, 'deep/er/services/a/server.ts'), join(hoisted.folder, 'deep/er'))).text,
  ]
  assert.is(texts[0], texts[1])
  for (const folder of [linked.folder, hoisted.folder, modules]) assert.not.ok(texts[0]?.includes(folder.slice(1)), `no trace of ${folder}`)
  linked.remove()
  hoisted.remove()
})

test("the project's own tsconfig.json counts, one further up does not", async () => {
  const { folder, remove } = tempFolder({
    'tsconfig.json': '{ "compilerOptions": { "paths": { "up": ["./up.ts"] } } }',
    'up.ts': "export default 'up'",
    'project/a.ts': "import word from 'own'; console.log(word)",
    'project/b.ts': "import word from 'up'; console.log(word)",
    'project/own.ts': "export default 'own'",
  })
  assert.match(
    (await failureOf(() => bundle('b', join(folder, 'project/b.ts'), join(folder, 'project')))).message,
    /Could not resolve "up"/,
  )
  writeFileSync(join(folder, 'project/tsconfig.json'), '{ "compilerOptions": { "paths": { "own": ["./own.ts"] } } }')
  assert.match((await bundle('a', join(folder, 'project/a.ts'), join(folder, 'project'))).text, /"own"/)
  remove()
})

test('what cannot be bundled is told with file, line and column', async () => {
  const { folder, remove } = tempFolder({ 'services/a/server.ts': "import './missing.ts'\nconst x: number = (\n" })
  const failure = await failureOf(() => bundle('a', join(folder, 'services/a/server.ts'), folder))
  assert.is(failure.name, 'Failure')
  assert.match(failure.message, /^The service a could not be bundled: services\/a\/server\.ts:\d+:\d+ {2}/)
  assert.is(failure.details.on, 'service a (services/a/server.ts)')
  remove()
})

test('a missing package and native code come with what to do', async () => {
  const { folder, remove } = tempFolder({ 'a.ts': "import 'no-such-package'", 'b.ts': "import './x.node'", 'x.node': '' })
  const missing = await failureOf(() => bundle('a', join(folder, 'a.ts'), folder))
  assert.equal(missing.details.log, ['a.ts:1:8  Could not resolve "no-such-package"'])
  assert.is(missing.details.next, 'npm install')
  const native = await failureOf(() => bundle('b', join(folder, 'b.ts'), folder))
  assert.is(native.details.next, 'Move the file into a package, or give the service a dockerfile instead of an entry.')
  remove()
})

test.after(() => stop())
test.run()
