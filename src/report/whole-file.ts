import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writing } from './no-space.ts'

/**
 * Lets `write` make a file that appears under its name only when it is complete: whoever reads it meanwhile gets the
 * old content or the new one.
 *
 * @param write gets the name under which it is to be written
 * @throws Failure that names the file when there is no room for it; else what `write` throws
 */
export async function writeWhole<T>(file: string, write: (partial: string) => Promise<T>): Promise<T> {
  await writing(file, mkdir(dirname(file), { recursive: true }))
  const partial = `${file}.${randomUUID()}.part`
  try {
    const result = await writing(file, write(partial))
    await rename(partial, file)
    return result
  } finally {
    await rm(partial, { force: true })
  }
}
