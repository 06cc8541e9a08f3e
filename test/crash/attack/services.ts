import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, stopChild } from '../../../services/kit/child.fixture.ts'
import { startBundled } from '../../support/bundled-service.ts'

/** The memory of a service's container where the config says nothing else, in MiB. */
export const usualMemoryMiB = 256

/**
 * Both services of the project, as their containers run them: from their bundles, with the same options, and started
 * anew when they end.
 */
export interface Services {
  readonly urls: readonly string[]
  /** The last lines of what they have written. */
  output(): string
  /** Asks them to end. @returns the exit code or signal of each */
  stop(): Promise<(number | string)[]>
}

/** @throws when one of them does not start, with what it has written */
export async function startServices(): Promise<Services> {
  const folder = mkdtempSync(join(tmpdir(), 'attacked-'))
  const model = join(import.meta.dirname, '../../../services/ml-inference/model')
  const all = await Promise.all([supervise('ml-inference', { MODEL_DIR: model }), supervise('data-ingestion', { DATA_DIR: folder })])
  return {
    urls: all.map(({ url }) => url),
    output: () => all.map((service) => service.output()).join('\n'),
    async stop() {
      const ends = await Promise.all(all.map((service) => service.stop()))
      rmSync(folder, { recursive: true, force: true })
      return ends
    },
  }
}

/** Keeps a service running at the port that it got first. */
async function supervise(name: string, environment: Record<string, string>) {
  let child = await startBundled(name, environment)
  const { address, port } = child
  if (!address) throw new Error(`${name} did not start: ${child.output()}`)
  let stopping = false
  const watch = ({ end, output }: Child) =>
    end.then(async (how) => {
      if (stopping) return
      console.error(`  ${name} ended with ${how}: ${lastLines(output())}`)
      child = await startBundled(name, { ...environment, PORT: String(port) })
      watch(child)
    })
  watch(child)
  return {
    url: address,
    output: () => lastLines(child.output()),
    async stop() {
      stopping = true
      await stopChild(child)
      return child.end
    },
  }
}

const lastLines = (text: string) => text.trim().split('\n').slice(-3).join('\n').slice(-600)
