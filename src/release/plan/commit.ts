import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * The commit a folder stands at, with `-dirty` behind it where files that git knows were changed since; undefined where
 * it is no git checkout, or git is not installed.
 */
export async function commitOf(folder: string): Promise<string | undefined> {
  try {
    // No tag stands in for the commit, and looking locks nothing that a commit beside it may need.
    const words = ['-C', folder, '--no-optional-locks', 'describe', '--always', '--exclude=*', '--abbrev=40', '--dirty']
    const { stdout } = await promisify(execFile)('git', words)
    return stdout.trim()
  } catch {
    return undefined
  }
}

/** A commit as people see it: twelve characters of its name, and whether there was more than the commit. */
export function shortCommit(commit: string): string {
  const [name = '', ...dirty] = commit.split('-')
  return [name.slice(0, 12), ...dirty].join('-')
}
