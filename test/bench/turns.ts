import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as open } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Child, stopChild, written } from '../../services/kit/child.fixture.ts'
import { nodeOptions } from '../../src/release/launch/node-options.ts'
import { startBundled } from '../support/bundled-service.ts'
import { atMost, type Bench, type Row } from './row.fixture.ts'

/** What a body may have, less a little. */
const most = 1024 * 1024 - 64

interface Case {
  readonly path: string
  readonly method?: string
  readonly body?: string
  readonly type?: string
}

/** As many units as fit into a body of the largest size, between a head and a tail. */
function filled(head: string, unit: (index: number) => string, tail: string, size = most): string {
  const units: string[] = []
  for (let left = size - head.length - tail.length, index = 0; ; index++) {
    const text = unit(index)
    left -= text.length + 1
    if (left < 0) return head + units.join(',') + tail
    units.push(text)
  }
}

/** JSON of the largest size, by what it is made of. */
function shapes(head: string, tail: string): Record<string, string> {
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  return {
    'one text': `${head}"${'x'.repeat(most - head.length - tail.length - 2)}"${tail}`,
    'one text of escapes': `${head}"${'\\n'.repeat((most - head.length - tail.length - 4) / 2)}"${tail}`,
    'one text of other letters': `${head}"${'ß'.repeat((most - head.length - tail.length - 4) / 2)}"${tail}`,
    'small numbers': filled(head, () => '1', tail),
    'long numbers': filled(head, (index) => String(Math.PI * 10 ** ((index % 200) - 100)), tail),
    'numbers of a thousand digits': filled(head, () => '7'.repeat(1000), tail),
    'empty texts': filled(head, () => '""', tail),
    'short texts': filled(head, (index) => `"${index.toString(36)}"`, tail),
    'empty lists': filled(head, () => '[]', tail),
    'empty objects': filled(head, () => '{}', tail),
    'lists sixty deep': filled(head, () => deep(60), tail),
    'lists in lists': filled(head, () => '[[],[]]', tail),
    'objects with names of their own': filled(head, (index) => `{"${index.toString(36)}":0}`, tail),
    'objects named by numbers': filled(head, (index) => `{"${index % 100_000}":0}`, tail),
    space: `${head}${' '.repeat(most - head.length - tail.length)}${tail}`,
    'commas alone': head + ','.repeat(most - head.length - tail.length) + tail,
    'brackets alone': head + '['.repeat(60) + ']['.repeat((most - 200) / 2) + tail,
    'quotes alone': head + '"'.repeat(most - head.length - tail.length) + tail,
  }
}

function jsonCases(path: string, head: string, tail: string): Record<string, Case> {
  return Object.fromEntries(Object.entries(shapes(head, tail)).map(([what, body]) => [`${head} ${what}`, { path, body }]))
}

const names = filled('{', (index) => `"${index.toString(36)}":0`, '}')
const row = (columns: number) => `[${Array(columns).fill('0.5').join(',')}]`
const lines = { path: '/ingest', type: 'application/x-ndjson' }
const infer = '/v2/models/weighted-mean/infer'
const tensor = (rows: number, columns: number, data: string) =>
  `{"inputs":[{"name":"features","datatype":"FP64","shape":[${rows},${columns}],"data":${data}}]}`
const flat = (count: number) => `[${Array(count).fill('1').join(',')}]`

const services: readonly { name: string; cases: Record<string, Case> }[] = [
  {
    name: 'data-ingestion',
    cases: {
      ...jsonCases('/ingest', '{"a":[', ']}'),
      ...jsonCases('/ingest', '[', ']'),
      'one object with many names': { path: '/ingest', body: names },
      'ten thousand records': { path: '/ingest', body: filled('[', () => '{"a":1}', ']', 80_000) },
      'ten thousand large records': { path: '/ingest', body: filled('[', (index) => `{"a":"${String(index).padEnd(92, 'x')}"}`, ']') },
      'records of many kinds': { path: '/ingest', body: filled('[', (index) => `{"k${index}":{"a":[1,2,{"b":"c"}]}}`, ']') },
      'lines of small records': { ...lines, body: '{"a":1}\n'.repeat(99_000) },
      'empty lines': { ...lines, body: '\n'.repeat(99_000) },
      'lines of nothing but space': { ...lines, body: `${' '.repeat(9)}\n`.repeat(99_000) },
      'lines that are wrong': { ...lines, body: 'x\n'.repeat(99_000) },
      'lines of a megabyte': { ...lines, body: `${names}\n${shapes('{"a":[', ']}')['empty lists']}\n`.repeat(8) },
      'a page of a thousand': { path: '/data?limit=1000', method: 'GET' },
      metrics: { path: '/metrics', method: 'GET' },
    },
  },
  {
    name: 'ml-inference',
    cases: {
      ...jsonCases('/predict', '{"features":[', ']}'),
      ...jsonCases('/predict', '{"instances":[', ']}'),
      'a thousand rows': { path: '/predict', body: `{"instances":[${Array(1000).fill(row(4)).join(',')}]}` },
      'a thousand wide rows': { path: '/predict', body: `{"instances":[${Array(1000).fill(row(250)).join(',')}]}` },
      'rows of different lengths': {
        path: '/predict',
        body: `{"instances":[${Array.from({ length: 700 }, (_, index) => row(index + 1).replaceAll('0.5', '1')).join(',')}]}`,
      },
      'one wide row': { path: '/predict', body: `{"features":${flat(520_000)}}` },
      'a tensor of a thousand rows': { path: infer, body: tensor(1000, 500, flat(500_000)) },
      'a tensor of one row': { path: infer, body: tensor(1, 500_000, flat(500_000)) },
      'a tensor of nested rows': { path: infer, body: tensor(1000, 500, `[${Array(1000).fill(flat(500)).join(',')}]`) },
      'a tensor of columns': { path: infer, body: tensor(1, 240_000, `[[${Array(240_000).fill('[1]').join(',')}]]`) },
      'many outputs': { path: infer, body: filled(`${tensor(1, 4, '[1,2,3,4]').slice(0, -1)},"outputs":[`, () => '{"name":"x"}', ']}') },
      metrics: { path: '/metrics', method: 'GET' },
    },
  },
]

/** @returns the status, or the code of the error */
function ask(
  { port }: Child,
  { path, method = 'POST', body = '', type = 'application/json' }: Case,
  packed: boolean,
): Promise<number | string> {
  const headers = { 'content-type': type, ...(packed && { 'content-encoding': 'gzip' }) }
  return new Promise((resolve) => {
    const request = open({ port, path, method, agent: new Agent(), headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end(packed ? gzipSync(body) : body)
  })
}

/** Reads the gauge of a service, which begins anew. */
async function readGauge(child: Child, reading: number): Promise<{ ms: number; gcMs: number }> {
  child.process.kill('SIGUSR2')
  const lines = () => child.output().match(/^turns .*$/gm) ?? []
  while (lines().length < reading) await written(child, 'turns ').then(() => new Promise((resolve) => setTimeout(resolve, 2)))
  return JSON.parse(lines()[reading - 1]!.slice('turns '.length))
}

/**
 * For how long a service's event loop is kept at most at a time while it handles one request: the largest bodies of
 * every kind, plain and packed, and the longest answers. Of each the shortest of three, since what the compiler does
 * the first time, or the processor for somebody else, is not the request's.
 */
const bench: Bench = async (emit) => {
  const rows: Row[] = []
  const folder = mkdtempSync(join(tmpdir(), 'bench-turns-'))
  const gauge = pathToFileURL(join(import.meta.dirname, 'turn-gauge.fixture.mjs')).href
  try {
    for (const { name, cases } of services) {
      const child = await startBundled(name, {
        DATA_DIR: mkdtempSync(join(folder, 'data-')),
        MODEL_DIR: join(import.meta.dirname, '../../services/ml-inference/model'),
        NODE_OPTIONS: `${nodeOptions(256)} --import=${gauge}`,
      })
      let readings = 0
      let longest = 0
      await readGauge(child, ++readings)
      for (const [what, one] of Object.entries(cases)) {
        for (const packed of one.body === undefined ? [false] : [false, true]) {
          const rounds: number[] = []
          let [status, gcMs]: [number | string, number] = ['', 0]
          for (let round = 0; round < 3; round++) {
            status = await ask(child, one, packed)
            const measured = await readGauge(child, ++readings)
            rounds.push(measured.ms)
            gcMs = measured.gcMs
          }
          const shortest = Math.min(...rounds)
          longest = Math.max(longest, shortest)
          emit(
            `${name}, ${what.slice(0, 50)}${packed ? ', packed' : ''} → ${status}: ${rounds.map((ms) => ms.toFixed(1)).join(', ')} ms, beside ${gcMs.toFixed(1)} ms of gc`,
          )
        }
      }
      rows.push(atMost(`${name}'s longest round of the event loop, processor time`, longest, 20, ' ms'))
      await stopChild(child)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
export default bench
