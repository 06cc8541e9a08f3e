import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { link } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { inside } from '../images/jail.ts'
import type { Mapping } from './path-map.ts'

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

/**
 * Lays an image's layers over each other in one folder, by hard links: the biggest layer costs next to nothing, and
 * programs find their neighbours where they expect them, whichever layer these came in. Whiteouts are applied as the
 * OCI image specification says.
 *
 * @param layers folders of unpacked layers, lowest first
 * @param folder made by this
 */
export async function mergeLayers(layers: readonly string[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const layer of layers) await lay(layer, '/', folder)
}

/**
 * Lets a folder or file of this machine appear at a path in a merged folder, in the place of what the image has there.
 */
export function mount({ target, source }: Mapping, folder: string): void {
  const file = join(inside(folder, dirname(target)), basename(target))
  rmSync(file, { recursive: true, force: true })
  mkdirSync(dirname(file), { recursive: true })
  symlinkSync(source, file)
}

async function lay(layer: string, path: string, root: string): Promise<void> {
  const entries = readdirSync(join(layer, path), { withFileTypes: true })
  const names = entries.map(({ name }) => name)
  if (names.includes(opaque)) for (const name of readdirSync(join(root, path))) rmSync(join(root, path, name), { recursive: true })
  for (const name of names.filter((each) => each.startsWith(whiteout) && each !== opaque))
    rmSync(join(root, path, name.slice(whiteout.length)), { recursive: true, force: true })

  const links: Promise<void>[] = []
  for (const entry of entries.filter(({ name }) => !name.startsWith(whiteout))) {
    const from = join(layer, path, entry.name)
    const to = join(root, path, entry.name)
    const there = lstatSync(to, { throwIfNoEntry: false })
    if (entry.isDirectory()) {
      if (there && !there.isDirectory()) rmSync(to)
      mkdirSync(to, { recursive: true, mode: lstatSync(from).mode & 0o777 })
      await lay(layer, join(path, entry.name), root)
      continue
    }
    if (there) rmSync(to, { recursive: true })
    if (entry.isSymbolicLink()) symlinkSync(rooted(readlinkSync(from), join(path, entry.name)), to)
    else links.push(link(from, to))
  }
  await Promise.all(links)
}

/**
 * An absolute link means the image's root, which is no process's root here: said relative to the link, it leads there.
 */
function rooted(target: string, path: string): string {
  return target.startsWith('/') ? relative(dirname(path), target) || '.' : target
}
