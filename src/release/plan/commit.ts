import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The commit a folder stands at; undefined where it is no git checkout, or git is not installed. */
export async function commitOf(folder: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', folder, 'rev-parse', 'HEAD'])
    return stdout.trim()
  } catch {
    return undefined
  }
}
