import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { isUntold } from '../process-table.ts'

/** How much memory a process has that cannot be taken back from it. */
export interface Resident {
  readonly pid: number
  readonly bytes: number
}

/**
 * The memory of all processes of some process groups. Counted is what a kernel cannot drop when memory runs short:
 * anonymous pages and shared memory, with what this computer has swapped out of them. Pages of files, such as Node's
 * own program that all services share, are dropped before anything is killed, so they do not count; neither would it be
 * cheap to share them out (`smaps_rollup` walks all page tables, `status` reads counters). macOS tells the resident
 * size only.
 *
 * @param groups the numbers of the groups
 * @returns the processes by group; those of a group that has ended are missing
 */
export async function residentOf(groups: ReadonlySet<number>): Promise<Map<number, Resident[]>> {
  const found = new Map<number, Resident[]>()
  if (groups.size === 0) return found
  for (const { pid, group, bytes } of process.platform === 'linux' ? fromProc(groups) : await fromPs(groups))
    found.set(group, [...(found.get(group) ?? []), { pid, bytes }])
  return found
}

function fromProc(groups: ReadonlySet<number>) {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? procFile(`/proc/${name}/stat`) : ''
    // The command's name stands in parentheses and may itself hold spaces and parentheses.
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3)[2])
    if (!groups.has(group)) return []
    const status = procFile(`/proc/${name}/status`)
    const kib = [...status.matchAll(/^(?:RssAnon|RssShmem|VmSwap):\s*(\d+) kB$/gm)].map(([, number]) => Number(number))
    return [{ pid, group, bytes: kib.reduce((sum, each) => sum + each, 0) * 1024 }]
  })
}

/** The same by BSD's ps: resident sizes, with the pages of files. */
export async function fromPs(groups: ReadonlySet<number>) {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,pgid=,rss='], { maxBuffer: 16 * 1024 * 1024 })
  return stdout.split('\n').flatMap((line) => {
    const [pid = 0, group = 0, kib = 0] = line.trim().split(/\s+/).map(Number)
    return groups.has(group) ? [{ pid, group, bytes: kib * 1024 }] : []
  })
}

/** Empty for a process that has gone in between. */
function procFile(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (isUntold(error)) return ''
    throw error
  }
}
