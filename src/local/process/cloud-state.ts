import path from 'node:path'
import { readWhole, writeText } from '../files/whole.ts'
import type { EngineName } from '../machine/engine.ts'

/**
 * Where a cloud is to be found: `cloud.json` in its folder. The port, the region and the engine stay when the process
 * ends.
 */
export interface CloudState {
  readonly pid: number
  /** ISO 8601. */
  readonly started: string
  readonly port: number
  readonly endpoint: string
  readonly region: string
  /** The container engine of new instances; absent: the stand-in. */
  readonly engine?: EngineName
}

export const defaultPort = 4780
export const defaultRegion = 'us-east-1'
export const defaultEngine: EngineName = 'stand-in'

/** Undefined before the first start. */
export function readCloudState(folder: string): CloudState | undefined {
  return readWhole(path.join(folder, 'cloud.json'))
}

export function writeCloudState(folder: string, state: CloudState): void {
  writeText(path.join(folder, 'cloud.json'), `${JSON.stringify(state, null, 2)}\n`, { flush: true })
}
