import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../services/kit/child.fixture.ts'
import { bundle } from '../../src/image/bundle.ts'
import { nodeOptions } from '../../src/release/launch/node-options.ts'

const project = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'bench-bundle-'))
// Packages with native code are not in a bundle.
symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Starts a service as its container does: from its bundle, with the memory of a container of 256 MiB. */
export async function startBundled(name: string, environment: Record<string, string> = {}): Promise<Child> {
  const { text } = await bundle(name, join(project, 'services', name, 'server.ts'), project)
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, text)
  return startChild(file, { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1', NODE_OPTIONS: nodeOptions(256), ...environment })
}
