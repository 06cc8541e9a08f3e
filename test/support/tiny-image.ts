// What the tests of this room need again and again: a temp folder, a project in it, small layers, and reading them
// back.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { extract, type Header } from 'tar-stream'
import type { Blob, Image } from '../../src/image/blob.ts'
import { type Entry, memoryLayer } from '../../src/image/layer.ts'
import { assemble } from '../../src/image/manifest.ts'

/** A temp folder, with these files in it, that `remove` removes. */
export function tempFolder(files: Readonly<Record<string, string>> = {}): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'image-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The entries of a layer, in their order. */
export async function untar(blob: Blob): Promise<{ header: Header; text: string }[]> {
  const reader = extract()
  reader.end(await buffer(await blob.open()))
  const entries: { header: Header; text: string }[] = []
  for await (const entry of reader)
    entries.push({ header: entry.header, text: (await buffer(entry as unknown as NodeJS.ReadableStream)).toString() })
  return entries
}

/** What an image without a base is laid on. */
export const bare = { layers: [], config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' as const, diff_ids: [] } } }

/** An image of nothing but these files. */
export async function tinyImage(name: string, ...layers: readonly (readonly Entry[])[]): Promise<Image> {
  const steps = await Promise.all(layers.map(async (entries) => ({ layer: await memoryLayer(entries), createdBy: 'test' })))
  return assemble(name, bare, steps, { Env: ['A=1'] })
}

/** The failure that this work ends with. */
export async function failureOf(work: () => unknown): Promise<Error & { details: { [key: string]: unknown }; code: number }> {
  try {
    await work()
  } catch (error) {
    return error as Error & { details: { [key: string]: unknown }; code: number }
  }
  throw new Error('nothing was thrown')
}
