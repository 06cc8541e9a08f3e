import { dirname } from 'node:path'
import { Failure } from './failure.ts'

/**
 * What an error that came up while a file was written is to a person: of a full disk the system tells the call and not
 * the file, and without that nobody knows which disk. Every other error is given back as it is.
 */
export function nameFile(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  const what = code === 'ENOSPC' ? 'There is no space left on the disk.' : 'This user may write no more to the disk.'
  return new Failure(what, { on: file, likely: message.split('\n', 1)[0]!, next: `df -h ${dirname(file)}`, cause: error })
}

/**
 * Waits for what writes `file`.
 * @throws Failure that names it when there is no room for it; else what the work throws
 */
export async function writing<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw nameFile(error, file)
  }
}
