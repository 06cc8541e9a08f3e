import { mkdtempSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import type { Faults } from '../../src/local/api/faults.ts'
import { holdPort } from '../../src/local/api/listen.ts'
import type { Cloud } from '../../src/local/cloud.ts'
import { createEmbeddedCloud } from '../../src/local/embedded-cloud.ts'
import { openKeys } from '../../src/local/files/keys.ts'
import { createMachines } from '../../src/local/machine/machines.ts'
import { writeCloudState } from '../../src/local/process/cloud-state.ts'
import { createStore } from '../../src/local/store.ts'
import { lightMachines } from './light-machines.ts'
import type { Order } from './verbs.ts'

// Several of them run side by side, on ports of their own.
process.env.MLOPS_LOOPBACK ??= 'shared'

/** The embedded cloud in this process, whose faults and store can be reached into. */
export interface OpenCloud {
  readonly cloud: Cloud
  readonly faults: Faults
  /** What a verb needs to be run on it as its owner. */
  readonly order: Order
  close(): Promise<void>
}

/**
 * Starts a cloud with nothing in it.
 * @param below the folder for its own one and for a project
 * @param port where the service of the project answers, on each of its addresses
 * @param machines `light`: machines that take no time but `bootMs`; `real`: those of the embedded cloud
 */
export async function openCloud(below: string, port: number, machines: 'light' | 'real', bootMs = 0): Promise<OpenCloud> {
  const folder = mkdtempSync(join(below, 'cloud-'))
  const keys = openKeys(folder)
  const store = createStore(join(folder, 'cloud.db'))
  const held = await holdPort(0)
  if (!held) throw new Error('no port is free')
  const [region, endpoint] = ['us-east-1', `http://127.0.0.1:${held.port}`]
  const log = { call: () => undefined, line: (text: string) => text.startsWith('error') && console.error(text), close: () => undefined }
  const own = { folder, endpoint, region, keys, store, log }
  const machineRoom = machines === 'real' ? createMachines : lightMachines(port, bootMs)
  const made = createEmbeddedCloud({ ...own, version: '', oneAddress: false, latencyMs: 0, stop: () => undefined }, machineRoom)
  const { cloud, listener, faults } = made
  const server: Server = held.server.on('request', listener)
  // So that its owner is answered too, as that of one which was started the usual way.
  writeCloudState(folder, { pid: process.pid, started: new Date().toISOString(), port: held.port, endpoint, region })
  cloud.machines.reconcile()
  return {
    cloud,
    faults,
    order: { folder: join(below, 'project'), port, access: { region, endpoint, credentials: keys.user } },
    async close() {
      faults.set([])
      await cloud.machines.close()
      server.closeAllConnections()
      server.close()
      store.close()
    },
  }
}
