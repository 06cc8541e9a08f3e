import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Which code of the embedded cloud this is: a digest of its files, so that a running cloud of an older one is noticed
 * and replaced.
 */
export function codeVersion(): string {
  const hash = createHash('sha256')
  for (const file of globSync('**/*.{ts,json}', { cwd: import.meta.dirname }).sort()) {
    hash.update(file).update(readFileSync(path.join(import.meta.dirname, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
