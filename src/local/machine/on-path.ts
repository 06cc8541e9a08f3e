import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where the programs of an administrator lie; not every root has these folders on the PATH. */
export const systemFolders = ['/usr/sbin', '/sbin']

/**
 * The absolute path of a program, looked for on the PATH and then where an administrator's programs lie; undefined when
 * it is nowhere.
 *
 * @param except a folder that is passed over
 */
export function onPath(name: string, except?: string): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]
    .filter((folder) => folder !== '' && folder !== except)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false // not there, or not to be run: the next folder
      }
    })
}
