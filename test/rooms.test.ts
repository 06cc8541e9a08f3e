import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'rooms-'))
for (const file of ['.dependency-cruiser.mjs', '.imports.grit', 'biome.json', 'docs/architecture.md', 'package.json', 'tsconfig.json'])
  cpSync(join(root, file), join(folder, file))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
test.after(() => rmSync(folder, { recursive: true }))

/** Runs a program of the project's in the folder. Returns its exit code and what it printed. */
function run(program: string, words: string[]): Promise<{ code: number; printed: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [join(root, 'node_modules', program), ...words], { cwd: folder }, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), printed: stdout + stderr }),
    )
  })
}

const rooms = () => run('.bin/depcruise', ['--config', '.dependency-cruiser.mjs', 'src', 'scripts'])
const lint = () => run('@biomejs/biome/bin/biome', ['lint', '--vcs-enabled=false', '--colors=off', 'src'])

/** What comments of a runbook name of other folders (TypeScript's JSDoc); no tool holds that against the table. */
function namedInComments(text: string): string[] {
  return [...text.matchAll(/@import\b[^*]*?['"](\.\.\/[^'"]+)|(?<!await )import\(['"](\.\.\/[^'"]+)['"]\)/g)].map(
    ([, from, type]) => (from ?? type)!,
  )
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

const seenByRooms = {
  'an import': "import { bytes } from '../release/bytes.ts'\nexport const twice = bytes * 2\n",
  'an import of a type': "import type { Bytes } from '../release/bytes.ts'\nexport const twice = (bytes: Bytes) => bytes * 2\n",
  'an export of a name': "export { bytes } from '../release/bytes.ts'\n",
  'an export of a type': "export type { Bytes } from '../release/bytes.ts'\n",
  'an export of everything': "export * from '../release/bytes.ts'\n",
  'an import when it is needed': "export const twice = async () => (await import('../release/bytes.ts')).bytes * 2\n",
  'a require':
    "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\nexport const { bytes } = require('../release/bytes.ts')\n",
}

const seenByLint = {
  'a type within the code': "export const twice = (bytes: import('../release/bytes.ts').Bytes) => bytes * 2\n",
  'a type of a module': "export type Module = typeof import('../release/bytes.ts')\n",
  'a require by another name':
    "import { createRequire } from 'node:module'\nconst load = createRequire(import.meta.url)\nexport const { bytes } = load('../release/bytes.ts')\n",
  'a require without a name':
    "import { createRequire } from 'node:module'\nexport const { bytes } = createRequire(import.meta.url)('../release/bytes.ts')\n",
}

const fileOf = (form: string) => `src/aws/${form.replaceAll(' ', '-')}.ts`

test.before.each(() => {
  rmSync(join(folder, 'src'), { recursive: true, force: true })
  write('src/release/bytes.ts', "import { unit } from '../aws/unit.ts'\nexport type Bytes = number\nexport const bytes: Bytes = unit\n")
  write('src/aws/unit.ts', 'export const unit = 1024\n')
  write('scripts/show.mjs', "const { bytes } = await import('../src/release/bytes.ts')\nconsole.log(bytes)\n")
})

test('imports that the table of rooms allows pass', async () => {
  assert.equal(
    [await rooms(), await lint()].map(({ code, printed }) => (code === 0 ? '' : printed)),
    ['', ''],
  )
})

test('every way of importing what a room may not import fails the check of rooms', async () => {
  for (const [form, text] of Object.entries(seenByRooms)) write(fileOf(form), text)
  const { code, printed } = await rooms()
  const missing = Object.keys(seenByRooms).filter((form) => !printed.includes(`what src/aws/ may import: ${fileOf(form)} →`))
  assert.equal(missing, [], printed)
  assert.is.not(code, 0)
})

test('ways of importing that the check of rooms does not see fail the linter', async () => {
  for (const [form, text] of Object.entries(seenByLint)) write(fileOf(form), text)
  const { code, printed } = await lint()
  const missing = Object.keys(seenByLint).filter((form) => !printed.includes(fileOf(form)))
  assert.equal(missing, [], printed)
  assert.is.not(code, 0)
})

test('no comment of a runbook names a module of another folder, which no tool would see', () => {
  assert.equal(namedInComments("/** @type {import('../aws/unit.ts').Unit} */"), ['../aws/unit.ts'])
  assert.equal(namedInComments("/**\n * @import { Unit } from '../aws/unit.ts'\n */"), ['../aws/unit.ts'])
  assert.equal(namedInComments("const { unit } = await import('../aws/unit.ts')"), [])
  const files = globSync('{src,config,services,monitoring,scripts}/**/*.mjs', { cwd: root })
  assert.ok(files.includes('src/terminal/runbook.mjs') && files.includes('scripts/deploy.mjs'))
  const named = files.flatMap((file) => namedInComments(readFileSync(join(root, file), 'utf8')).map((module) => `${file} names ${module}`))
  assert.equal(named, [])
})

test.run()
