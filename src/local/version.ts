import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Which code of the embedded cloud this is: a digest of its files, so that a running cloud of an older one is noticed
 * and replaced.
 */
export function codeVersion(): string {
  return digestOf(import.meta.dirname, '**/*.{ts,json}')
}

/** Which code of the forwarder this is: a digest of its folder, and of nothing that changes more often. */
export function forwarderVersion(): string {
  return digestOf(path.join(import.meta.dirname, 'forwarder'), '*.ts')
}

function digestOf(folder: string, pattern: string): string {
  const hash = createHash('sha256')
  for (const file of globSync(pattern, { cwd: folder }).sort()) hash.update(file).update(readFileSync(path.join(folder, file)))
  return hash.digest('hex').slice(0, 16)
}
