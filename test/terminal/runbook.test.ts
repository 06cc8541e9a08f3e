import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { programOnPath } from '../../src/image/base/program.ts'
import { argumentsOf } from '../../src/terminal/run.ts'

const root = path.resolve(import.meta.dirname, '../..')
const zx = path.join(root, 'node_modules/zx/build/cli.js')
let folder: string
let script: string

test.before(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'runbook-')))
  await mkdir(path.join(folder, 'scripts'))
  script = path.join(folder, 'scripts/try.mjs')
  await writeFile(
    script,
    `import { runbook } from ${JSON.stringify(path.join(root, 'src/terminal/runbook.mjs'))}
await runbook(
  { name: 'try', summary: 'Try it.', flags: { all: { type: 'boolean', short: 'a' } }, arguments: '[WAY]' },
  async ({ flags, positionals: [way], terminal, signal }) => {
    const { Failure } = await import(${JSON.stringify(path.join(root, 'src/report/failure.ts'))})
    const { setTimeout: wait } = await import('node:timers/promises')
    const ways = {
      async done() {
        terminal.print('flags ' + JSON.stringify(flags))
        return { json: { ok: true, stage: flags.stage } }
      },
      async code() { return { code: 4 } },
      async progress() {
        terminal.emit({ phase: 'lock', state: 'started' })
        terminal.emit({ phase: 'lock', state: 'done', seconds: 1 })
      },
      async failure() { throw new Failure('It failed.', { on: 'vpc vpc-1', next: 'try again', code: 5 }) },
      async bug() { undefined.x },
      async ask() { terminal.print(String(await terminal.confirm('Go on?', { yes: flags.yes }))) },
      async forgotten() { setInterval(() => {}, 1000); terminal.print('done') },
      async never() { await new Promise(() => {}) },
      async beside() {
        setTimeout(() => { throw new Error('beside') })
        await wait(60_000, undefined, { signal })
      },
      async beside2() {
        setTimeout(() => { throw new Error('beside') })
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      },
      async long() { terminal.print('x'.repeat(300_000)) },
      async wait() {
        terminal.print('waiting')
        try { await wait(60_000, undefined, { signal }) } finally { terminal.print('cleaned up') }
      },
      async finish() {
        terminal.print('waiting')
        const timer = setInterval(() => {}, 1000)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        clearInterval(timer)
      },
      async fail() {
        terminal.print('waiting')
        await wait(60_000, undefined, { signal }).catch((cause) => { throw new Failure('Nothing is serving.', { cause, ...(flags.all && { code: 5 }) }) })
      },
      async stubborn() {
        terminal.print('waiting')
        await wait(60_000)
      },
    }
    return ways[way]()
  },
)
`,
  )
})

test.after(() => rm(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(words: readonly string[], env: NodeJS.ProcessEnv = {}, program: readonly string[] = [process.execPath, script]) {
  // What surrounds the tests (CI, a coloured terminal) is not what is tested.
  const { PATH, HOME, NODE_V8_COVERAGE } = process.env
  const coverage = NODE_V8_COVERAGE ? { NODE_V8_COVERAGE } : {}
  const child = spawn(program[0]!, [...program.slice(1), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, LANG: 'C.UTF-8', ...coverage, ...env },
    cwd: folder,
  })
  const ended = Promise.all([new Promise<number | null>((resolve) => child.once('close', resolve)), text(child.stdout), text(child.stderr)])
  return { child, ended: ended.then(([code, out, err]): Ended => ({ code, out, err })) }
}

const ends = (...words: string[]) => start(words).ended

async function saysWaiting(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => child.stdout!.on('data', (chunk) => String(chunk).includes('waiting') && resolve()))
}

test('the work gets its flags, prints its result and ends with 0', async () => {
  const { code, out, err } = await ends('done', '--stage', 'prod', '-a')
  assert.equal([code, err], [0, ''])
  assert.match(out, '"all":true,"stage":"prod"')
})

test('progress moves on a screen that a person watches, and nowhere else', async () => {
  assert.equal(await ends('progress'), { code: 0, out: '', err: 'lock  started\nlock  done  1.0 s\n' })
  if (!programOnPath('script')) return console.log('script (util-linux) is not on the PATH: no terminal was tried')
  const onTerminal = ['script', '--quiet', '--return', '--command', `'${process.execPath}' '${script}' progress`, '/dev/null']
  const { code, out } = await start([], { TERM: 'xterm' }, onTerminal).ended
  assert.is(code, 0, out)
  assert.match(out, '\u001b[?25l')
  assert.match(out, /✔/)
})

test('--json prints the one document', async () => {
  const { code, out } = await ends('done', '--json', '--stage=prod')
  assert.equal([code, JSON.parse(out)], [0, { ok: true, stage: 'prod' }])
})

test('the work chooses its exit code', async () => {
  assert.equal(await ends('code'), { code: 4, out: '', err: '' })
})

test('under zx only the words after the script are ours', async () => {
  const { code, out } = await start(['done', '--json', '--stage', 'b'], {}, [process.execPath, zx, '--quiet', script]).ended
  assert.equal([code, JSON.parse(out)], [0, { ok: true, stage: 'b' }])
  assert.equal(argumentsOf('deploy', ['node', '/bin/zx', '--shell', 'bash', 'scripts/deploy.mjs', '--stage', 'a']), ['--stage', 'a'])
  assert.equal(argumentsOf('deploy', ['node', '/x/renamed.mjs', '--yes']), ['--yes'])
})

test('a mistake in the command line is told with the usage, and nothing is done', async () => {
  assert.equal(await ends('done', '--stgae', 'prod'), {
    code: 2,
    out: '',
    err: `✖ unknown flag --stgae. Did you mean --stage?
  Usage: npx zx scripts/try.mjs [WAY] [--all] [--stage NAME] [--yes] [--json] [--dry-run] [--quiet] [--verbose]
  next    npx zx scripts/try.mjs --help
`,
  })
  const json = await ends('done', '--json', '--stage')
  assert.equal(
    [json.code, JSON.parse(json.out), json.err],
    [2, { ok: false, error: { message: '--stage needs a value: --stage NAME.', next: 'npx zx scripts/try.mjs --help', code: 2 } }, ''],
  )
})

test('help and version go to stdout whatever else is wrong', async () => {
  const helped = await ends('-h', '--stgae')
  assert.equal([helped.code, helped.err], [0, ''])
  assert.ok(helped.out.startsWith('Try it.\n\nUsage\n  npx zx scripts/try.mjs [WAY] [flags]\n'))
  const version = await ends('--version')
  assert.is(version.code, 0)
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/)
})

test('a failure is told without a stack and gives the exit code', async () => {
  assert.equal(await ends('failure'), { code: 5, out: '', err: '✖ It failed.\n  on      vpc vpc-1\n  next    try again\n' })
  const json = await ends('failure', '--json')
  assert.equal(
    [json.code, JSON.parse(json.out), json.err],
    [5, { ok: false, error: { message: 'It failed.', on: 'vpc vpc-1', next: 'try again', code: 5 } }, ''],
  )
})

test('colour is there when it is forced, and GitHub gets its annotation', async () => {
  const { err } = await start(['failure'], { FORCE_COLOR: '1', GITHUB_ACTIONS: 'true' }).ended
  assert.ok(err.startsWith('\u001b[31m✖\u001b[39m \u001b[1mIt failed.'))
  assert.ok(err.endsWith('\n::error::It failed.\n'))
  assert.not.match((await start(['failure', '--no-color'], { FORCE_COLOR: '1' }).ended).err, '\u001b')
})

test('a bug shows its stack', async () => {
  const { code, err } = await ends('bug')
  assert.is(code, 1)
  assert.match(err, /^✖ TypeError: .*\n {2}at .*try\.mjs/)
  assert.match(err, 'This is a bug of ours')
})

test('a question without a terminal fails and says so, and --yes answers it', async () => {
  const { code, err } = await ends('ask')
  assert.is(code, 2)
  assert.match(err, '✖ This needs an answer, and there is no terminal to ask on: Go on?')
  assert.equal(await ends('ask', '-y'), { code: 0, out: 'true\n', err: '' })
})

test('a handle that was forgotten does not keep a finished script alive', async () => {
  const { code, out, err } = await ends('forgotten', '--verbose')
  assert.equal([code, out], [0, 'done\n'])
  assert.match(err, /^Still open after the end: .*Timeout/)
})

test('work that can never end is an error, under zx as well', async () => {
  for (const program of [
    [process.execPath, script],
    [process.execPath, zx, script],
  ]) {
    const { code, err } = await start(['never'], {}, program).ended
    assert.is(code, 1)
    assert.match(err, 'The script waited for something that can no longer happen.')
  }
})

test('an error beside the work aborts it and is the one that is told', async () => {
  for (const way of ['beside', 'beside2']) {
    const { code, err } = await ends(way)
    assert.is(code, 1)
    assert.ok(err.startsWith('✖ Error: beside\n'), err)
  }
})

test('a long result goes through a pipe in full, and a reader that leaves early does no harm', async () => {
  assert.is((await ends('long')).out.length, 300_001)
  const { code, err } = await start([], {}, ['/bin/sh', '-c', `'${process.execPath}' '${script}' long | head -c 1`]).ended
  assert.equal([code, err], [0, ''])
})

test('the first interruption lets the work clean up, then the exit code is 130', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, ended } = start(['wait'])
    await saysWaiting(child)
    child.kill(signal)
    assert.equal(await ended, {
      code: 130,
      out: 'waiting\ncleaned up\n',
      err: '! Interrupted: cleaning up. Press Ctrl-C again to end at once.\n✖ Interrupted.\n',
    })
  }
})

test('work that ends well after an interruption still counts as interrupted', async () => {
  const { child, ended } = start(['finish'])
  await saysWaiting(child)
  child.kill('SIGINT')
  assert.is((await ended).code, 130)
})

test('a failure while cleaning up is told, and its code counts when it has one', async () => {
  for (const [words, expected] of [[['fail'], 130] as const, [['fail', '--all'], 5] as const]) {
    const { child, ended } = start(words)
    await saysWaiting(child)
    child.kill('SIGINT')
    const { code, err } = await ended
    assert.is(code, expected)
    assert.match(err, '✖ Nothing is serving.')
  }
})

test('one press that arrives twice is one press; a second press ends at once', async () => {
  const { child, ended } = start(['stubborn'])
  let over = false
  ended.then(() => {
    over = true
  })
  await saysWaiting(child)
  const told = new Promise((resolve) => child.stderr.once('data', resolve))
  child.kill('SIGINT')
  child.kill('SIGINT')
  await told
  // Longer than what counts as the same press: the second one must come after it.
  await wait(350)
  assert.is(over, false)
  child.kill('SIGINT')
  const { code, err } = await ended
  assert.equal([code, err], [130, '! Interrupted: cleaning up. Press Ctrl-C again to end at once.\n'])
})

test('an old Node says in one line what to run instead', async () => {
  const { tooOld } = await import(path.join(root, 'src/terminal/runbook.mjs'))
  assert.is(tooOld('deploy', '24.0.0', true), undefined)
  assert.is(tooOld('deploy', '25.1.0', false), undefined)
  const says = 'This needs Node 24 or newer and was started on Node 20.20.2. Run instead:'
  assert.is(tooOld('deploy', '20.20.2', true), `${says} npx zx scripts/deploy.mjs`)
  assert.is(tooOld('deploy', '20.20.2', false), `${says} npm ci && npx zx scripts/deploy.mjs`)
})

test('an old Node on this machine, where there is one, gets that far', async () => {
  const old = '/usr/bin/node'
  const version = existsSync(old) ? (await start(['--version'], {}, [old]).ended).out : 'v24'
  const major = Number(/^v(\d+)/.exec(version)?.[1])
  if (major >= 24) return console.log('skipped: there is no old Node on this machine')
  const { code, out, err } = await start(['done'], {}, [old, script]).ended
  assert.equal([code, out], [2, ''])
  assert.match(err, /^This needs Node 24 or newer and was started on Node [\d.]+\. Run instead: npx zx scripts\/try\.mjs\n$/)
})

test.run()
