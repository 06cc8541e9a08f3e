import { lstatSync, mkdirSync } from 'node:fs'
import { Failure } from '../../report/failure.ts'

/**
 * Makes a folder that nobody else may look into, in a place where others may make folders too (`/dev/shm`), or makes
 * sure that one which is there is such a folder.
 *
 * @throws Failure where something else has the name: what another user has made, or has a way into, would show them
 *   whatever is put there
 */
export function makeOwnFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
    return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const found = lstatSync(folder)
  const own = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0
  if (own) return
  throw new Failure(`${folder} is not a folder of ours that nobody else may open, and secrets are to be kept there.`, {
    on: folder,
    likely: 'Another user of this computer has put it there.',
    next: `ls -ld ${folder}`,
  })
}
