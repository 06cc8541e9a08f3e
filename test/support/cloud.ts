import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Clients } from '../../src/aws/clients.ts'
import { Inventory, type Owner } from '../../src/aws/graph/inventory.ts'
import type { Context } from '../../src/aws/graph/resource.ts'
import type { Tags } from '../../src/aws/tags.ts'
import { askCloud } from '../../src/local/admin/client.ts'
import type { FaultRule } from '../../src/local/api/faults.ts'
import { startCloud, stopCloud } from '../../src/local/process/start.ts'
import type { Event } from '../../src/report/event.ts'

/** An embedded cloud for the tests of one file, in a folder of its own. */
export interface TestCloud {
  readonly folder: string
  readonly endpoint: string
  readonly clients: Clients
  /** Replaces the rules by which calls fail; none makes the cloud well again. */
  faults(...rules: FaultRule[]): Promise<void>
  /** How often each rule in force was hit. */
  hits(): Promise<number[]>
  /** Kills its instances, ends it and removes the folder. */
  end(): Promise<void>
}

export async function createTestCloud(): Promise<TestCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'test-cloud-'))
  const { endpoint, credentials, region } = await startCloud({ folder, port: 0, region: 'eu-west-1' })
  return {
    folder,
    endpoint,
    clients: new Clients({ region, endpoint, credentials }),
    async faults(...rules) {
      await askCloud(folder, 'faults', { rules })
    },
    async hits() {
      const { rules } = (await askCloud<{ rules: { hits: number }[] }>(folder, 'faults'))!
      return rules.map(({ hits }) => hits)
    },
    async end() {
      await stopCloud({ folder })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whose resources the tests make, and the tags of one of them. */
export function ownerNamed(name: string): Owner & { of(resource: string): Tags } {
  const tags = { 'test:owner': name }
  return { tags, name: `test-${name}`, path: `test/${name}`, of: (resource) => ({ ...tags, 'test:resource': resource }) }
}

/** What a walk works with, and what it told. Every walk gets a new one: what it looks at is remembered. */
export function contextFor(clients: Clients, owner: Owner, signal = new AbortController().signal): Context & { told: Event[] } {
  const told: Event[] = []
  return { clients, inventory: new Inventory(clients, owner), signal, emit: (event) => told.push(event), told }
}

/** The error that `work` rejects with; fails when it does not. */
export async function errorOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    return error as Error
  }
  throw new Error('this should have failed')
}

/** A TCP port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
