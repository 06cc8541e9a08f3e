import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const root = resolve(import.meta.dirname, '../..')

// A line that has to be an error ends with what the compiler says there; every other line has to be right.
const script = `#!/usr/bin/env zx
import { runbook } from '${root}/src/terminal/runbook.mjs'

await runbook(
  {
    name: 'try',
    summary: 'Try it.',
    arguments: 'SERVICE [COMMAND...]',
    flags: {
      engine: { type: 'string', choices: ['stand-in', 'docker'] },
      'detailed-exitcode': { type: 'boolean' },
      port: { type: 'string' },
    },
    common: ['stage', 'dry-run'],
  },
  async ({ flags, positionals: [service, ...command], terminal }) => {
    const { exit } = await import('${root}/src/report/failure.ts')
    if (flags.engine === 'docker' && flags.detailedExitcode && flags.dryRun) terminal.print(service.toUpperCase() + command.join(' '))
    terminal.print(flags.port) // 'string | undefined' is not assignable to parameter of type 'string'
    if (flags.engine === 'podman') return {} // have no overlap
    if (flags.stage) terminal.note(flags.stgae) // Property 'stgae' does not exist
    if (flags.json) return {} // Property 'json' does not exist
    terminal.table([{ name: 'a', size: 1 }], ['name', 'sise']) // '"sise"' is not assignable to type
    return { json: { ok: true }, code: exit.dnoe } // Property 'dnoe' does not exist
  },
)

await runbook({ name: 'usual', summary: 'As most.', arguments: '[SERVICE]' }, async ({ flags, positionals, terminal }) => {
  const [service, more] = positionals // of length '1' has no element at index '1'
  if (flags.json && flags.yes) terminal.print(flags.strategy ?? '') // Property 'strategy' does not exist
  terminal.print(service ?? more ?? '')
  terminal.print(service) // 'string | undefined' is not assignable to parameter of type 'string'
  return undefined
})

await runbook({ name: 'short', summary: 'Says nothing.' }, () => ({ cdoe: 1 })) // is not assignable to type 'Outcome
`

test('in a runbook the compiler knows flags, arguments and whatever else it names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'types-'))
  test.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'try.mjs'), script)
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { typeRoots: [join(root, 'node_modules/@types')], noUnusedLocals: false },
    include: ['try.mjs'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const printed = await new Promise<string>((done) => {
    execFile(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { cwd: folder }, (_, stdout) => done(stdout))
  })
  const said = new Map<number, string>()
  for (const [, line, text] of printed.matchAll(/^try\.mjs\((\d+),\d+\): (.*(?:\n .*)*)/gm))
    said.set(Number(line), `${said.get(Number(line)) ?? ''}${text}`)
  for (const [index, line] of script.split('\n').entries()) {
    const wanted = / \/\/ (.*)$/.exec(line)?.[1]
    const found = said.get(index + 1)
    assert.ok(
      wanted === undefined ? found === undefined : found?.includes(wanted),
      `${index + 1}: ${line}\n${found ?? 'no error'}\n${printed}`,
    )
  }
})

test.run()
