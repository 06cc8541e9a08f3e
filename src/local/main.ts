/**
 * The process of the embedded cloud: `node src/local/main.ts --folder DIR [--port N] [--region NAME] [--engine NAME]`.
 * `start.ts` starts it for the scripts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hasOneAddress, holdPort } from './api/listen.ts'
import { createEmbeddedCloud } from './embedded-cloud.ts'
import { makeFolder, openKeys } from './files/keys.ts'
import type { EngineName } from './machine/engine.ts'
import { createMachines } from './machine/machines.ts'
import { closeToOthers, openToOthers } from './machine/packet-filter.ts'
import { defaultEngine, defaultPort, defaultRegion, readCloudState, writeCloudState } from './process/cloud-state.ts'
import { exitCodes } from './process/exit-codes.ts'
import { bequeath, inherit, type Successor } from './process/handover.ts'
import { type Lock, lockWithin } from './process/lock.ts'
import { logForever, openLog } from './process/log.ts'
import { writeProfile } from './process/profile.ts'
import { createStore } from './store.ts'
import { codeVersion } from './version.ts'

logForever()
/** For how long a cloud that ends goes on with calls that have begun, in ms. */
const lastAnswers = 3000
const { values } = parseArgs({
  options: { folder: { type: 'string' }, port: { type: 'string' }, region: { type: 'string' }, engine: { type: 'string' } },
})
if (values.folder === undefined) end(exitCodes.failed, 'usage: main.ts --folder DIR [--port N] [--region NAME] [--engine NAME]')
const folder = path.resolve(values.folder)
/** Calls that came before there was anything to answer them with. */
const waiting: [IncomingMessage, ServerResponse][] = []
const wait = (request: IncomingMessage, response: ServerResponse) => void waiting.push([request, response])
/** Never released: it ends with the process, and so tells others when the last file in the folder has been written. */
let lock: Lock | undefined

try {
  await run()
} catch (error) {
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC' || (error as { status?: number }).status === 507
  end(full ? exitCodes.full : exitCodes.failed, full ? (error as Error).message : String((error as Error).stack))
}

async function run(): Promise<void> {
  // Whatever this process and those that it starts write is for their user's eyes only, whatever the user has said of
  // other files.
  process.umask(0o077)
  makeFolder(folder)
  // First of all: what comes in from now on waits for this process.
  const inherited = await inherit()
  inherited?.server.on('request', wait)
  lock = await lockWithin(path.join(folder, 'lock'), inherited ? 20_000 : 0)
  const before = readCloudState(folder)
  if (!lock) end(exitCodes.locked, `The embedded cloud in ${folder} is running already (process ${before?.pid ?? 'unknown'}).`)
  const keys = openKeys(folder)
  const region = before?.region ?? values.region ?? defaultRegion
  const store = createStore(path.join(folder, 'cloud.db'), { region })
  const log = openLog(path.join(folder, 'cloud.log'))
  // What was given out under the old endpoint (image references, the environment of running instances) goes on meaning
  // it.
  const live = store.list('instance').filter((instance) => instance.State !== 'terminated')
  const bound = before !== undefined && live.length + store.list('repository').length > 0
  const held = inherited ?? (await holdPort(before?.port ?? Number(values.port ?? defaultPort))) ?? (bound ? undefined : await holdPort(0))
  if (!held) {
    end(
      exitCodes.port,
      `Port ${before?.port} of 127.0.0.1, which the embedded cloud in ${folder} has had from its start, is held by another program.`,
    )
  }
  const { server, port } = held
  const engine = (values.engine as EngineName | undefined) ?? before?.engine ?? defaultEngine
  const endpoint = `http://127.0.0.1:${port}`
  const latencyMs = Number(process.env.MLOPS_CLOUD_LATENCY_MS ?? 0)
  const oneAddress = await hasOneAddress()
  const setting = { folder, endpoint, region, keys, store, log, version: codeVersion(), oneAddress, engine, latencyMs, stop }
  // Nothing is answered before others are kept away, and what answers is what the file says.
  await closeToOthers({ name: 'cloud', folder, addresses: ['127.0.0.1'], port })
  const { cloud, listener } = createEmbeddedCloud(setting, createMachines)
  server.off('request', wait).on('request', listener)
  for (const [request, response] of waiting.splice(0)) server.emit('request', request, response)
  writeProfile(folder, { endpoint, region, credentials: keys.user })
  writeCloudState(folder, { pid: process.pid, started: new Date().toISOString(), port, endpoint, region, engine })
  log.line(`started, process ${process.pid}, ${endpoint}, ${region}`)
  cloud.machines.reconcile()

  let stopping = false
  function stop(instances: 'keep' | 'kill', successor?: Successor): void {
    if (stopping) return
    stopping = true
    log.line(`stopping, instances: ${instances}`)
    void finish(instances, successor).catch((error: Error) => end(exitCodes.failed, String(error.stack)))
  }

  async function finish(instances: 'keep' | 'kill', successor: Successor | undefined): Promise<void> {
    if (successor) log.line(`handing over to ${successor.command[0]}: ${await bequeath(folder, server, successor)}`)
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    await (instances === 'keep' ? cloud.machines.detach() : cloud.machines.close())
    // Calls that are being carried out are answered; who asks again meanwhile finds the next cloud.
    await Promise.race([closed, sleep(lastAnswers)])
    server.closeAllConnections()
    await closed
    await openToOthers('cloud', folder)
    store.close()
    log.line('stopped')
    log.close()
    process.exit(exitCodes.stopped)
  }

  process.on('SIGTERM', () => stop('keep'))
  process.on('SIGINT', () => stop('keep'))
}

/** Ends before anything was started. The exit code tells `start.ts` what to say; the line is for the log. */
function end(code: number, line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(code)
}
