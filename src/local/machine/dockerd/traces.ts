import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { onPath } from '../../../report/on-path.ts'
import { memoryOwner } from '../folder.ts'
import { openToOthers, sweepRules } from '../packet-filter.ts'
import { killAll, processesOf } from '../process-table.ts'

/** What a real engine has outside of its instance's folder and of its own namespaces. */
export function tracesOf(instanceId: string) {
  return {
    /** The host's end of the instance's network cable. A name of an interface has at most 15 characters. */
    link: `ml${instanceId.slice(-12)}`,
    /**
     * Stands for `/run` in the engine's view of the files, so that sockets have short paths and two engines never meet.
     */
    run: `/run/mlops-${instanceId}`,
    /** The group below which every container's limits are, relative to the root of each hierarchy. */
    cgroup: `mlops-${instanceId}`,
  }
}

/** The socket at which the engine of an instance answers. */
export function engineSocket(instanceId: string): string {
  return join(tracesOf(instanceId).run, 'docker.sock')
}

/**
 * Removes everything that an instance has outside of its folder, once its processes are dead: what its engine has left,
 * and its part in the packet filter.
 *
 * @throws Error when something of it stays
 */
export async function removeTraces(instanceId: string): Promise<void> {
  await removeEngine(instanceId)
  await openToOthers(instanceId)
}

/**
 * Removes what an engine has left, once its processes are dead; nothing to do where there never was one. Its mounts,
 * its firewall and its bridges have gone with its namespaces.
 *
 * @throws Error when something of it stays
 */
export async function removeEngine(instanceId: string): Promise<void> {
  const { link, run, cgroup } = tracesOf(instanceId)
  if (existsSync(`/sys/class/net/${link}`)) await removeLink(link)
  for (const folder of cgroupsNamed(cgroup)) await removeCgroup(folder)
  rmSync(run, { recursive: true, force: true })
}

/** In the folder that stands for `/run`: whose it is. */
const owner = 'instance'

/** Makes the folder that stands for `/run`, marked with the instance's folder. */
export function makeRun(instanceId: string, folder: string): void {
  const { run } = tracesOf(instanceId)
  mkdirSync(run, { mode: 0o700 })
  writeFileSync(join(run, owner), folder)
}

/**
 * Removes what was left by instances whose folders are gone, as after somebody has killed everything and removed the
 * project.
 */
export async function sweepTraces(): Promise<void> {
  for (const [instanceId, folder] of marked('/run', owner)) {
    if (existsSync(folder)) continue
    await killAll(instanceId)
    await removeTraces(instanceId)
  }
  // A machine that runs ends by itself when its folder goes; one in another mount namespace has its folder where this
  // process does not see it.
  for (const [instanceId, folder] of marked('/dev/shm', memoryOwner))
    if (!existsSync(folder) && processesOf(instanceId).length === 0)
      rmSync(`/dev/shm/mlops-${instanceId}`, { recursive: true, force: true })
  await sweepRules()
}

/** The folders of instances below a place, each with what its mark says whose it is. */
function marked(place: string, mark: string): [instanceId: string, folder: string][] {
  const names = existsSync(place) ? readdirSync(place).filter((name) => name.startsWith('mlops-i-')) : []
  return names.flatMap((name) => {
    try {
      return [[name.slice('mlops-'.length), readFileSync(join(place, name, mark), 'utf8')]]
    } catch {
      return [] // just made, just removed, or somebody else's
    }
  })
}

async function removeLink(link: string): Promise<void> {
  try {
    await promisify(execFile)(onPath('ip') ?? 'ip', ['link', 'delete', link])
  } catch (error) {
    // The kernel removes it by itself, soon after the last process of the namespace at its other end.
    if (existsSync(`/sys/class/net/${link}`)) throw error
  }
}

/** In version 2 there is one hierarchy, in version 1 one for each controller (cgroups(7)). */
function cgroupsNamed(name: string): string[] {
  const root = '/sys/fs/cgroup'
  if (!existsSync(root)) return []
  return [root, ...readdirSync(root).map((controller) => join(root, controller))]
    .map((hierarchy) => join(hierarchy, name))
    .filter((folder) => existsSync(folder))
}

/**
 * The files of a cgroup are not to be removed, and it goes after those below it. A process that has just died keeps it
 * busy for a moment.
 */
async function removeCgroup(folder: string): Promise<void> {
  for (const child of readdirSync(folder, { withFileTypes: true })) if (child.isDirectory()) await removeCgroup(join(folder, child.name))
  for (const giveUp = Date.now() + 2000; ; await sleep(10)) {
    try {
      return rmdirSync(folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || Date.now() > giveUp) throw error
    }
  }
}
