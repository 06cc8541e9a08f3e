import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceFolder } from '../folder.ts'

/** The swap files that are in use, one a line. */
export const swapsFile = ({ path }: InstanceFolder) => join(path, 'swaps')

/** How much swap the instance has on, in MiB. */
export function swapMiB(folder: InstanceFolder): number {
  const files = linesOf(swapsFile(folder)).filter((file) => existsSync(file))
  return files.reduce((sum, file) => sum + Math.floor(statSync(file).size / 1024 ** 2), 0)
}

/** What a boot does about swap: what was on is off, and what fstab names is switched on. */
export function bootSwap(folder: InstanceFolder): void {
  const named = linesOf(join(folder.root, 'etc', 'fstab')).flatMap((line) => {
    const [file = '', , type] = line.split(/\s+/)
    return type === 'swap' && existsSync(file) ? [`${file}\n`] : []
  })
  rmSync(swapsFile(folder), { force: true })
  if (named.length > 0) writeFileSync(swapsFile(folder), named.join(''), { mode: 0o600 })
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}
