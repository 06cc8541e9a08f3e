import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createLogOutput } from './log-output.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`
const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('lines wait while there is no room and come in their order, whole, and behind them how many were left out', async () => {
  let room = 10
  let got = ''
  const write = ((_: number, piece: Buffer) => {
    if (room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const part = piece.subarray(0, Math.min(room, piece.length))
    room -= part.length
    got += part.toString()
    return part.length
  }) as Parameters<typeof createLogOutput>[2]
  const output = createLogOutput(1, (lines) => `left out ${lines}\n`, write)
  const line = (index: number) => `${index}${'x'.repeat(1000)}\n`
  for (let index = 0; index < 400; index++) output.write(line(index))
  assert.is(got, line(0).slice(0, 10))
  room = Number.POSITIVE_INFINITY
  await until(() => got.includes('left out'))
  const kept = got.split('\n').length - 2
  assert.ok(kept > 200 && kept < 300)
  assert.is(got, `${Array.from({ length: kept }, (_, index) => line(index)).join('')}left out ${400 - kept}\n`)
  output.write('next\n')
  assert.ok(got.endsWith('\nnext\n'))
})

test('a service whose log nobody reads goes on answering, and its log goes on when somebody does', async () => {
  const child = spawn(process.execPath, [entry], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  const address = `http://127.0.0.1:${/"port":(\d+)/.exec(first.toString())?.[1]}`
  child.stdout.pause()
  child.stderr.pause()
  // More than the pipe holds and more than waits for room.
  for (let round = 0; round < 40; round++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${address}/broken`)))
    for (const answer of answers) assert.is(answer.status, 500)
    await Promise.all(answers.map((answer) => answer.arrayBuffer()))
  }
  assert.is((await fetch(`${address}/health`)).status, 200)
  let log = ''
  child.stderr.on('data', (piece) => {
    log += piece
  })
  child.stderr.resume()
  child.stdout.resume()
  await until(() => log.includes('were left out'))
  for (const line of log.trim().split('\n').slice(0, -1)) JSON.parse(line)
  child.kill('SIGTERM')
  assert.equal(await once(child, 'exit'), [0, null])
})

/** Whether this machine lets us mount a small disk of our own, in a namespace where nobody else sees it. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    console.log('No disk can be mounted here, so no full log was tested. That needs Linux with unprivileged user namespaces.')
    return false
  }
}

if (mayMount())
  test('a service whose log is on a full disk goes on, and writes again by itself when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'full-log-'))
    // The disk is full but for what the first line takes; a line on the shell's input makes room.
    const script = `mount -t tmpfs -o size=64k none "$0" && { "$1" "$2" > "$0/log" 2>&1 & echo $!
      until grep -q listening "$0/log"; do sleep 0.05; done; head -c 100k /dev/zero > "$0/filler"; cat "$0/log"; echo full
      read line; rm "$0/filler"; while sleep 0.1; do tail -n 3 "$0/log"; done; }`
    const shell = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script, folder, process.execPath, entry], {
      env: { ...process.env, PORT: '0' },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    })
    let output = ''
    shell.stdout.on('data', (piece) => {
      output += piece
    })
    try {
      await until(() => output.includes('full\n'))
      const address = `http://127.0.0.1:${/"port":(\d+)/.exec(output)?.[1]}`
      for (let round = 0; round < 200; round++) assert.is((await fetch(`${address}/broken`)).status, 500)
      assert.is((await fetch(`${address}/health`)).status, 200)
      output = ''
      shell.stdin.write('room\n')
      await until(() => /a request failed|were left out/.test(output))
      assert.is((await fetch(`${address}/health`)).status, 200)
    } finally {
      process.kill(-shell.pid!, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
else test('a full log cannot be made here, and the run says so', () => assert.ok(true))

test('a log that can never be written ends nothing', async () => {
  const full = openSync('/dev/full', 'w')
  const folder = mkdtempSync(join(tmpdir(), 'no-log-'))
  const script = join(folder, 'service.mjs')
  const kit = JSON.stringify(`${import.meta.dirname}/run.ts`)
  const trial = JSON.stringify(entry)
  writeFileSync(
    script,
    `import { writeFileSync } from 'node:fs'
    import { run } from ${kit}
    import { createTrial } from ${trial}
    await run({ name: 'trial', port: 0 }, () => createTrial({ name: 'trial' }).get('/warn', () => {
      console.error('to a full disk')
      process.emitWarning('to a full disk')
      return {}
    }).onClose(() => writeFileSync(${JSON.stringify(join(folder, 'closed'))}, 'yes')))`,
  )
  const probe = spawn(process.execPath, [
    '-e',
    "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})",
  ])
  const [port] = (await once(probe.stdout, 'data')) as [Buffer]
  const address = `http://127.0.0.1:${port.toString().trim()}`
  const child = spawn(process.execPath, [script], { env: { ...process.env, PORT: port.toString().trim() }, stdio: ['ignore', full, full] })
  try {
    await until(() =>
      fetch(`${address}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    for (let round = 0; round < 20; round++)
      for (const path of ['/warn', '/broken', '/logged']) await (await fetch(`${address}${path}`)).arrayBuffer()
    assert.is((await fetch(`${address}/health`)).status, 200)
    child.kill('SIGTERM')
    assert.equal(await once(child, 'exit'), [0, null])
    assert.is(readFileSync(join(folder, 'closed'), 'utf8'), 'yes')
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
