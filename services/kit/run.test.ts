import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild, written } from './child.fixture.ts'
import { readSurroundings } from './run.ts'
import { largeBytes } from './trial.fixture.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`
const defaults = { name: 'trial', port: 8009 }

/** Runs `work` against a trial service in a process of its own. */
async function running(environment: Record<string, string>, work: (child: Child) => Promise<void>): Promise<void> {
  const child = await startChild(entry, environment)
  try {
    await work(child)
  } finally {
    await stopChild(child)
  }
}

/** The lines of the child's log, parsed. */
function lines(child: Child): { level: string; message: string; [field: string]: unknown }[] {
  return child
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

test('a started service says in one JSON line where it listens', () =>
  running({}, async (child) => {
    const [{ time, ...line } = { time: '' }] = lines(child)
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
    assert.equal(line, { level: 'info', service: 'trial', message: 'listening', host: '127.0.0.1', port: child.port })
  }))

/**
 * Why an address no longer takes connections, once it does not: what had come in when the end began is still answered.
 */
async function refusal(address: string): Promise<string> {
  for (;;) {
    const code = await fetch(`${address}/health`).then(
      (response) => void response.body?.cancel(),
      (error) => error.cause.code as string,
    )
    if (code) return code
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`a request in flight at ${signal} is answered, new connections are refused, and the process ends with 0`, () =>
    running({}, async (child) => {
      const agent = new Agent({ keepAlive: true })
      const answered = once(get(`${child.address}/slow?ms=600`, { agent }), 'response') as Promise<[IncomingMessage]>
      await written(child, 'slow request begun')
      child.process.kill(signal)
      await written(child, '"draining"')
      assert.is(await refusal(child.address!), 'ECONNREFUSED')
      const [response] = await answered
      assert.is(response.statusCode, 200)
      assert.is(response.headers.connection, 'close')
      assert.is(String((await response.toArray())[0]), '{"done":true}')
      assert.is(await child.end, 0)
      agent.destroy()
      assert.equal(
        lines(child).map(({ message }) => message),
        ['listening', 'draining', 'closed the second', 'closed the first', 'drained'],
      )
    }))
}

test('idle connections and silent ones do not hold up the end', () =>
  running({}, async (child) => {
    const agent = new Agent({ keepAlive: true })
    const [response] = (await once(get(`${child.address}/health`, { agent }), 'response')) as [IncomingMessage]
    await response.toArray()
    const silent = connect(child.port, '127.0.0.1')
    await once(silent, 'connect')
    const closed = once(silent, 'close')
    const started = performance.now()
    child.process.kill('SIGTERM')
    assert.is(await child.end, 0)
    await closed
    assert.ok(performance.now() - started < 4000)
    agent.destroy()
  }))

test('an answer that is made but not yet taken is not cut', () =>
  running({}, async (child) => {
    const client = connect(child.port, '127.0.0.1', () => client.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n'))
    await written(child, 'large answer made')
    client.pause()
    child.process.kill('SIGTERM')
    await written(child, '"draining"')
    client.resume()
    let bytes = 0
    client.on('data', (piece) => {
      bytes += piece.length
    })
    await once(client, 'close')
    assert.ok(bytes > largeBytes, `${bytes} bytes arrived`)
    assert.is(await child.end, 0)
  }))

test('a request that does not finish is cut at the limit, and the process says so and ends with 1', () =>
  running({ DRAIN_MS: '200' }, async (child) => {
    const answered = fetch(`${child.address}/slow?ms=60000`).catch((error) => error.cause.code)
    await written(child, 'slow request begun')
    child.process.kill('SIGTERM')
    assert.is(await child.end, 1)
    assert.is(await answered, 'UND_ERR_SOCKET')
    const last = lines(child).at(-1)
    assert.is(last?.message, 'connections were cut at the end of the drain')
    assert.is(last?.cut, 1)
  }))

test('a port in use is one clear JSON line and exit code 1', () =>
  running({}, async (first) => {
    const second = await startChild(entry, { PORT: String(first.port) })
    assert.is(await second.end, 1)
    const { time, ...line } = lines(second)[0]!
    assert.equal(line, {
      level: 'error',
      service: 'trial',
      message: 'the service could not start',
      reason: `listen EADDRINUSE: address already in use 127.0.0.1:${first.port}`,
      code: 'EADDRINUSE',
    })
    assert.is(lines(second).length, 1)
  }))

test('a PORT that is none is one clear JSON line and exit code 1', async () => {
  const child = await startChild(entry, { PORT: 'eighty' })
  assert.is(await child.end, 1)
  assert.is(lines(child)[0]?.reason, 'PORT is "eighty", expected a number from 0 to 65535.')
})

test('the surroundings have defaults, and what is set goes first', () => {
  const plain = (environment: Record<string, string>) => {
    const { setting, ...rest } = readSurroundings(environment, defaults)
    return rest
  }
  assert.equal(plain({}), {
    name: 'trial',
    host: '127.0.0.1',
    port: 8009,
    dataDir: '.mlops/data/trial',
    environment: {},
  })
  const environment = { SERVICE_NAME: 'other', HOST: '0.0.0.0', PORT: '80', DATA_DIR: '/data', MORE: 'x' }
  assert.equal(plain(environment), { name: 'other', host: '0.0.0.0', port: 80, dataDir: '/data', environment })
  assert.throws(() => readSurroundings({ PORT: '70000' }, defaults), 'PORT is "70000"')
})

test('a setting is a variable, or the text of a file that a variable names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'settings-test-'))
  const file = join(folder, 'url')
  writeFileSync(file, 'postgres://u:p@host/db\n')
  const { setting } = readSurroundings(
    { DATABASE_URL_FILE: file, PLAIN: 'x', BOTH: 'y', BOTH_FILE: file, GONE_FILE: join(folder, 'gone') },
    defaults,
  )
  assert.equal(['DATABASE_URL', 'PLAIN', 'BOTH', 'NONE'].map(setting), ['postgres://u:p@host/db', 'x', 'y', undefined])
  assert.throws(() => setting('GONE'), /^The file of GONE_FILE cannot be read: ENOENT/)
  rmSync(folder, { recursive: true })
})

test.run()
