import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Where the programs of an administrator lie; not every root has these folders on the PATH. */
export const systemFolders = ['/usr/sbin', '/sbin']

/**
 * The absolute path of a program, looked for on the PATH and then where an administrator's programs lie; undefined when
 * it is nowhere.
 *
 * @param except a folder that is passed over
 */
export function onPath(name: string, except?: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]
  const candidates = folders.filter((folder) => folder !== '' && folder !== except).map((folder) => join(folder, name))
  return (isAbsolute(name) ? [name] : candidates).find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // not there, or not to be run
  }
}
