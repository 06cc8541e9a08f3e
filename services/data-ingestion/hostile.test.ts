import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'
import { lineLimits } from './ingest-lines.ts'

let folder: string
let service: Child

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'))
  service = await startChild(`${import.meta.dirname}/server.ts`, { DATA_DIR: folder })
})

test.after(async () => {
  await stopChild(service)
  rmSync(folder, { recursive: true, force: true })
})

/** What the service has spent so far, in seconds of a processor. */
async function spent(): Promise<number> {
  const metrics = await (await fetch(`${service.address}/metrics`)).text()
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1])
}

async function post(text: string | Buffer, type = 'application/json') {
  const body = gzipSync(text)
  const before = await spent()
  const response = await fetch(`${service.address}/ingest`, {
    method: 'POST',
    body,
    headers: { 'content-type': type, 'content-encoding': 'gzip' },
  })
  const answer = (await response.json()) as { error?: string; accepted?: number; ids?: number[] }
  const kilobytes = (body.length + 200) / 1000
  return { status: response.status, ...answer, perKilobyte: (await spent()) - before === 0 ? 0 : ((await spent()) - before) / kilobytes }
}

const lines = 'application/x-ndjson'

for (const [what, text] of [
  ['nothing but line breaks', Buffer.alloc(60 * 1024 * 1024, '\n')],
  ['nothing but space and line breaks', Buffer.alloc(60 * 1024 * 1024, ' \n')],
  ['nothing but line breaks as Windows has them', Buffer.alloc(60 * 1024 * 1024, '\r\n')],
] as const)
  test(`a stream of ${what} has too many lines, and costs no more than its size`, async () => {
    const { status, error, perKilobyte } = await post(text, lines)
    assert.is(status, 413)
    // Empty lines cost next to nothing; those of space are held against what was sent as well.
    assert.match(String(error), new RegExp(`^(A stream may have at most ${lineLimits.lines} lines|The lines are more than \\d+, .*)$`))
    assert.ok(perKilobyte < 0.05, `${perKilobyte} s a kB`)
  })

test('a kilobyte does not become ten thousand records', async () => {
  const array = await post(`[${Array(10_000).fill('{"a":1}').join(',')}]`)
  assert.is(array.status, 413)
  assert.match(String(array.error), /^An array may have at most \d+ records/)
  const stream = await post('{"a":1}\n'.repeat(50_000), lines)
  assert.is(stream.status, 413)
  assert.match(String(stream.error), /^The lines are more than \d+/)
  assert.is(stream.ids?.length, stream.accepted)
})

test('lines of nothing but space are lines as well', async () => {
  const costs = []
  // It is so small a body that what the service does beside it weighs as much: the best of three tells.
  for (let number = 0; number < 3; number++) {
    const { status, error, perKilobyte } = await post('   \r\n'.repeat(90_000), lines)
    assert.is(status, 413)
    assert.match(String(error), /^The lines are more than \d+, which is too many for what was sent$/)
    costs.push(perKilobyte)
  }
  assert.ok(Math.min(...costs) < 0.05, `${costs} s a kB`)
})

test('a line of lists in lists is not parsed beyond what was sent for it', async () => {
  const { status, error } = await post(`{"a":[${Array(300_000).fill('[]').join(',')}]}\n`, lines)
  assert.equal([status, error], [400, 'None of the lines could be kept'])
})

test('while large records of every kind arrive, health is answered', async () => {
  const large = [
    `{"a":[${Array(300_000).fill('[]').join(',')}]}`,
    `[${Array.from({ length: 9000 }, (_, index) => `{"k${index}":${index},"deep":[[[[[[[[]]]]]]]]}`).join(',')}]`,
    `{${Array.from({ length: 80_000 }, (_, index) => `"${index.toString(36)}":0`).join(',')}}`,
  ]
  const answers = large.map((body) => fetch(`${service.address}/ingest`, { method: 'POST', body }))
  let asked = 0
  const all = Promise.all(answers).then((each) => each.map(({ status }) => status))
  let statuses: number[] | undefined
  void all.then((each) => {
    statuses = each
  })
  for (; !statuses; asked++) assert.is((await fetch(`${service.address}/health`)).status, 200)
  assert.equal(statuses, [201, 201, 201])
  assert.ok(asked > 5, `health was answered ${asked} times`)
})

test('a client that leaves in the middle of a long stream stops the work on it', async () => {
  const body = gzipSync(Array.from({ length: 90_000 }, (_, index) => `{"left":${index},"more":"${Math.random()}"}`).join('\n'))
  const head = `POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Type: ${lines}\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`
  const read = async () => ((await (await fetch(`${service.address}/data?limit=1`)).json()) as { total: number }).total
  const before = await read()
  const socket = connect(service.port, '127.0.0.1', () => socket.write(Buffer.concat([Buffer.from(head), body])))
  while ((await read()) === before);
  socket.destroy()
  let metrics = ''
  while (!metrics.includes('route="/ingest",code="499"')) metrics = await (await fetch(`${service.address}/metrics`)).text()
  assert.ok((await read()) < before + 90_000)
})

test('clients that take nothing of large records hold a part of the memory, and the next one is told to come back', async () => {
  const record = JSON.stringify({ large: 'x'.repeat(1_000_000) })
  const keep = async (body: string) =>
    (await (await fetch(`${service.address}/ingest`, { method: 'POST', body })).json()) as { status: string }
  // More than the buffers of a connection take in.
  for (let count = 0; count < 24; count++) assert.is((await keep(record)).status, 'success')
  const deaf: Socket[] = []
  const another = () => {
    const socket = connect(service.port, '127.0.0.1').pause()
    socket.write('GET /data?limit=24 HTTP/1.1\r\nHost: x\r\n\r\n')
    deaf.push(socket)
  }
  const page = async () => {
    const response = await fetch(`${service.address}/data?limit=24`)
    return { status: response.status, later: response.headers.get('retry-after'), body: (await response.json()) as { data?: unknown[] } }
  }
  for (let count = 0; count < 30; count++) another()
  // Two at once: where there is room for one more, it is the others of these that find none.
  const two = async () => (await Promise.all([page(), page()])).sort((one, other) => other.status - one.status)[0]!
  let answer = await two()
  for (; answer.status === 200 && deaf.length < 100; answer = await two()) another()
  assert.equal([answer.status, answer.later], [503, '1'])
  // What is small has room.
  await keep('{"small":1}')
  assert.is(((await (await fetch(`${service.address}/data?limit=1`)).json()) as { data: unknown[] }).data.length, 1)
  for (const socket of deaf) socket.destroy()
  while (answer.status === 503) answer = await page()
  assert.equal([answer.status, answer.body.data?.length], [200, 24])
})

test.run()
