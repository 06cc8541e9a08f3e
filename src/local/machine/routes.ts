import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceFolder } from './folder.ts'

/** Where the programs of the machine image keep the address that the default route sends from. */
export const sourceFile = ({ path }: InstanceFolder) => join(path, 'default-source')

/** Routes are in the kernel only: a boot begins with the one that sends from the primary private address. */
export function bootRoutes(folder: InstanceFolder): void {
  rmSync(sourceFile(folder), { force: true })
}

/** The private address that the instance sends from; undefined where nobody has changed that: its primary one. */
export function sourceAddress(folder: InstanceFolder): string | undefined {
  try {
    return readFileSync(sourceFile(folder), 'utf8').trim() || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
