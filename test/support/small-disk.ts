import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Wrapper } from './project.ts'

/**
 * A disk of its own for one folder, seen only by what is started through its wrapper. It goes with this process,
 * however that ends.
 */
export interface SmallDisk {
  readonly wrapper: Wrapper
  /** Mounts it over a folder that exists. */
  mount(folder: string): Promise<void>
  /** Where a path of those who see the disk is found by everybody else. */
  seen(path: string): string
  /** Leaves so much room in MiB, or none. */
  fill(room?: number): void
  /** Gives the room back. */
  clear(): void
  close(): void
}

/**
 * A small disk, by a mount namespace (Linux, root).
 * @returns undefined where the system does not let us mount
 */
export function smallDisk(mebibytes: number): SmallDisk | undefined {
  const may = spawnSync('unshare', ['--mount', 'true']).status === 0 && spawnSync('nsenter', ['--version']).status === 0
  if (!may) return undefined
  let holder: ChildProcess | undefined
  let filler = ''
  return {
    // The folder is looked up anew in there: taken along as it is, it would still be the one that the disk covers.
    wrapper: (command) => ['sh', '-c', `exec nsenter --mount=/proc/${holder!.pid}/ns/mnt --wdns="$(pwd)" "$@"`, 'sh', ...command],
    async mount(folder) {
      // The namespace lives for as long as someone is in it: cat ends with the pipe that this process holds.
      const script = `mount -t tmpfs -o size=${mebibytes}m tmpfs "$1" && echo mounted && exec cat`
      holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      await new Promise<void>((done, fail) => {
        holder!.stdout!.once('data', () => done())
        holder!.once('exit', (code) => fail(new Error(`the disk could not be mounted: exit code ${code}`)))
      })
      filler = this.seen(join(folder, 'filler'))
    },
    seen: (path) => join(`/proc/${holder!.pid}/root`, path),
    fill(room = 0) {
      const file = openSync(filler, 'a')
      try {
        for (let size = 2 ** 20; size >= 1; ) {
          try {
            if (writeSync(file, Buffer.alloc(size)) < size) size = Math.floor(size / 2)
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
            size = Math.floor(size / 2)
          }
        }
        ftruncateSync(file, Math.max(0, fstatSync(file).size - room * 2 ** 20))
      } finally {
        closeSync(file)
      }
    },
    clear: () => rmSync(filler, { force: true }),
    close: () => holder?.stdin?.end(),
  }
}
