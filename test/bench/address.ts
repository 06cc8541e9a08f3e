import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { readWhole, writeWhole } from '../../src/local/files/whole.ts'
import { forwardingFolder, type Report, type Rules } from '../../src/local/forwarder/rules.ts'
import { startBundled } from '../support/bundled-service.ts'
import { until } from '../support/client.ts'
import { type Load, load, median } from './load.fixture.ts'
import { atLeast, type Bench, type Row } from './row.fixture.ts'

const program = join(import.meta.dirname, '../../src/local/forwarder/main.ts')
/** The instance's address, and the one that leads to it. */
const [instance, address] = ['127.0.0.78', '127.0.0.79']

type Asked = Omit<Load, 'host' | 'port' | 'ms'>

const features = {
  path: '/predict',
  body: JSON.stringify({ features: [5.1, 3.5, 1.4, 0.2] }),
  expect: 200,
  connections: 16,
} satisfies Asked

/**
 * What the address of a local stage costs: the throughput of a service that is asked at it, against the same service
 * asked at its instance's own address.
 */
const bench: Bench = async (emit) => {
  const port = await freePort()
  const model = join(import.meta.dirname, '../../services/ml-inference/model')
  const environment = { HOST: instance, PORT: String(port) }
  const forwarder = await startForwarder(port)
  const rows: Row[] = []
  try {
    const service = await startBundled('ml-inference', { ...environment, MODEL_DIR: model })
    rows.push(atLeast('/predict at the address ÷ at the instance, 16 connections', await ratio(features, port, emit), 0.85))
    await stopChild(service)
    const bare: Child = await startChild(join(import.meta.dirname, 'bare.fixture.ts'), { ...environment, ANSWER: '{"prediction":0.97}' })
    const least = await ratio(features, port, emit)
    rows.push({ what: 'bare node:http at the address ÷ at the instance', measured: least.toFixed(2) })
    await stopChild(bare)
  } finally {
    await forwarder.end()
  }
  return rows
}
export default bench

/** Measured in turns, so that whatever else this machine does meets both. */
async function ratio(asked: Asked, port: number, emit: (progress: string) => void): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < 8; round++) {
    const one = await load({ ...asked, host: address, port, ms: 1500 })
    const other = await load({ ...asked, host: instance, port, ms: 1500 })
    if (one.wrong + other.wrong > 0) throw new Error(`${one.wrong + other.wrong} answers were no ${asked.expect}.`)
    // The first one warms all of them up.
    if (round > 0) ratios.push(one.rate / other.rate)
    emit(`${one.rate.toFixed(0)} a second at the address, ${other.rate.toFixed(0)} at the instance`)
  }
  return median(ratios)
}

/** The forwarder's process as the embedded cloud starts it, with one rule. */
async function startForwarder(port: number) {
  const cloud = mkdtempSync(join(tmpdir(), 'bench-forwarder-'))
  const folder = forwardingFolder(cloud)
  mkdirSync(folder.path)
  const forwardings = [{ address, port, to: instance, via: instance, from: ['0.0.0.0/0'] }]
  writeWhole(folder.rules, {
    id: 'bench',
    program,
    version: 'bench',
    forwardings,
    associations: [{ via: instance, address }],
  } satisfies Rules)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, cloud, 'bench'], { stdio: 'inherit' })
  await until(() => readWhole<Report>(folder.report)?.applied === 'bench', 10)
  return {
    async end() {
      child.kill()
      await once(child, 'exit')
      rmSync(cloud, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, instance)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
