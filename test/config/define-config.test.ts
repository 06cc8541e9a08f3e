import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineConfig } from '../../config/index.ts'

const run = promisify(execFile)
const project = resolve(import.meta.dirname, '../..')

const head = `import { defineConfig } from '${project}/config/index.ts'`

// A line that has to be an error ends with what the compiler says there; every other line has to be right.
const files: Record<string, string> = {
  'function.ts': `${head}
export default defineConfig(({ stage }) => ({
  app: stage,
  regoin: 'eu-west-1', // UnknownKey
  instance: { tpye: 't3.micro', diskGiB: 20 }, // UnknownKey
  services: {
    a: { entry: './a.ts', port: 8001, needs: ['b'], expose: ['203.0.113.0/24'] },
    b: { entry: './b.ts', port: '8002' }, // 'string' is not assignable to type 'number'
    c: { entry: './c.ts', port: 8003, heatlh: '/' }, // UnknownKey
    d: { entry: './d.ts', port: 8004, needs: ['e'] }, // '"e"' is not assignable to type '"a" | "b" | "c" | "d" | "f"'
    f: { entry: './f.ts', port: 8005, persist: '/data' }, // UnknownKey
  },
  monitoring: { prometheus: { prot: 9090 }, expose: 'nobody' }, // UnknownKey
}))
`,
  'object.ts': `${head}
export default defineConfig({
  app: 'mlops',
  instance: { tpye: 't3.micro', diskGiB: 20 }, // UnknownKey
  services: {
    a: { entry: './a.ts', port: 8001, needs: ['b'] },
    b: { entry: './b.ts', port: 8002, heatlh: '/' }, // UnknownKey
    c: { entry: './c.ts', port: 8003, needs: ['d'] }, // '"d"' is not assignable to type '"a" | "b" | "c"'
  },
  monitoring: { grafana: { prot: 9090 } }, // UnknownKey
})
`,
  'block.ts': `${head}
export default defineConfig(({ stage }) => { // UnknownKey
  const app = stage
  return { app, services: { a: { entry: './a.ts', port: 8001, helth: '/' } } }
})
`,
  'right.ts': `${head}
export const fromStage = defineConfig(({ stage }) => ({
  app: 'mlops',
  region: 'ap-southeast-1',
  target: 'aws',
  strategy: stage === 'prod' ? 'blue-green' : 'recreate',
  services: {
    api: { entry: './api.ts', port: stage === 'prod' ? 8001 : 9001, expose: 'public', needs: ['store'], environment: { DEBUG: stage !== 'prod', N: 3 } },
    store: { dockerfile: './Dockerfile', port: 8002, expose: stage === 'local' ? 'public' : ['203.0.113.0/24'] },
  },
  monitoring: stage === 'local' ? false : { grafana: false, expose: 'nobody' },
  protect: stage === 'prod',
}))
export const same = defineConfig({ app: 'mlops', services: { api: { entry: './api.ts', port: 8001 } }, monitoring: false })
`,
}

test('the compiler finds misspelt keys, wrong values and unknown services on the lines where they stand, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mlops-types-'))
  try {
    const options = { extends: join(project, 'tsconfig.json'), compilerOptions: { typeRoots: [join(project, 'node_modules/@types')] } }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...options, include: ['*.ts'], exclude: [] }))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const found = await compile(folder)

    const expected = Object.entries(files).flatMap(([name, text]) =>
      text.split('\n').flatMap((line, index) => {
        const said = / \/\/ (.+)$/.exec(line)?.[1]
        return said ? [{ place: `${name}:${index + 1}`, said }] : []
      }),
    )
    assert.equal([...found.keys()].sort(), expected.map(({ place }) => place).sort(), [...found.values()].join('\n'))
    for (const { place, said } of expected) assert.ok(found.get(place)?.includes(said), `${place} should say ${said}: ${found.get(place)}`)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** What the compiler says, by `file:line`. */
async function compile(folder: string): Promise<Map<string, string>> {
  const tsc = join(project, 'node_modules/typescript/bin/tsc')
  const stdout = await run(process.execPath, [tsc, '--noEmit', '--pretty', 'false'], { cwd: folder }).then(
    (done) => done.stdout,
    (error: { stdout?: string }) => error.stdout ?? '',
  )
  const found = new Map<string, string>()
  let place = ''
  for (const line of stdout.split('\n')) {
    const at = /^([\w.-]+)\((\d+),\d+\): /.exec(line)
    if (at) place = `${at[1]}:${at[2]}`
    if (place) found.set(place, `${found.get(place) ?? ''}${line}\n`)
  }
  return found
}

test('what is defined is what was given', () => {
  const options = { app: 'mlops', services: { api: { entry: './api.ts', port: 8001 } } }
  const byStage = ({ stage }: { stage: string }) => ({ ...options, protect: stage === 'prod' })
  assert.is(defineConfig(options), options)
  assert.is(defineConfig(byStage), byStage)
})

test.run()
