import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Gives the containers of an engine together no more memory than their instance has for them: a limit on the control
 * group that all of theirs are below, so that the kernel ends the largest of them as the instance's own would.
 *
 * @param cgroup its name, relative to the root of the hierarchy
 * @returns why there is no limit, where this computer lets nobody set one; undefined once it is set
 */
export function limitMemory(cgroup: string, bytes: number): string | undefined {
  const root = '/sys/fs/cgroup'
  // Version 2 has one hierarchy, version 1 one for each controller (cgroups(7)).
  const [hierarchy, file] = existsSync(join(root, 'cgroup.controllers'))
    ? [root, 'memory.max']
    : [join(root, 'memory'), 'memory.limit_in_bytes']
  try {
    const group = join(hierarchy, cgroup)
    mkdirSync(group, { recursive: true })
    if (hierarchy === root && !existsSync(join(group, file))) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory')
    // Opening a file that is not there would try to make one.
    accessSync(join(group, file), constants.W_OK)
    writeFileSync(join(group, file), String(bytes))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
