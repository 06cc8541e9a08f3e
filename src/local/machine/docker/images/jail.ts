import { lstatSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where a path of an image lies in its root folder. Symbolic links are followed as if that folder were the root, so the
 * answer is never outside of it. What does not exist yet is taken as named.
 *
 * @throws Error when links lead in circles.
 */
export function inside(root: string, path: string): string {
  const parts = (text: string) => text.split('/').filter((name) => name !== '' && name !== '.')
  const waiting = parts(path)
  const walked: string[] = []
  for (let links = 0; waiting.length > 0; ) {
    const name = waiting.shift()!
    if (name === '..') {
      walked.pop()
      continue
    }
    const file = join(root, ...walked, name)
    if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) {
      walked.push(name)
      continue
    }
    const link = readlinkSync(file)
    if (++links > 40) throw new Error(`too many symbolic links in ${path}`)
    if (link.startsWith('/')) walked.length = 0
    waiting.unshift(...parts(link))
  }
  return join(root, ...walked)
}
