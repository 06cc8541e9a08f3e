import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'

/** A process of this machine whose memory Linux counts. */
export interface WatchedProcess {
  readonly pid: number
  /** From now on the peak is counted anew. */
  resetPeak(): void
  /** The most resident memory since then, in bytes; 0 when it is gone. */
  peakBytes(): number
  /** How long its main thread has run, and has waited for a processor that others had, in ms. */
  times(): { readonly ran: number; readonly waited: number }
}

/**
 * Finds the process that listens on this port, at any of the machine's addresses: what listens at the public one may
 * only forward. It is the service when it was started when the service says.
 *
 * @param startedAt seconds since the epoch, in whole seconds
 * @returns undefined where there is no such process, or more than one, or this is no Linux
 */
export function findProcess(port: number, startedAt: number): WatchedProcess | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((file) => listeners(read(`/proc/net/${file}`), port)))
  if (inodes.size === 0) return undefined
  const found = processes().filter((pid) => Math.abs(startOf(pid) - startedAt) < 2 && holdsOneOf(pid, inodes))
  return found.length === 1 ? watch(found[0]!) : undefined
}

function watch(pid: number): WatchedProcess {
  return {
    pid,
    resetPeak() {
      try {
        // proc(5): 5 sets the peak to what is resident now.
        writeFileSync(`/proc/${pid}/clear_refs`, '5')
      } catch (error) {
        // It may have ended, which is told elsewhere. Without the right to do this the peak is that of its whole life.
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ENOENT' && code !== 'ESRCH' && code !== 'EACCES') throw error
      }
    },
    times() {
      // The kernel's sched-stats.rst: time on a processor and time on a run queue, in ns.
      const [ran = 0, waited = 0] = read(`/proc/${pid}/task/${pid}/schedstat`).split(' ').map(Number)
      return { ran: ran / 1e6, waited: waited / 1e6 }
    },
    peakBytes: () => Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024,
  }
}

/** Inodes of the listening sockets of a port. */
function listeners(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${wanted}`))
    .map((fields) => fields[9]!)
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** When a process was started, in seconds since the epoch. */
function startOf(pid: number): number {
  const boot = Number(/^btime (\d+)/m.exec(read('/proc/stat'))?.[1])
  // proc(5): field 22 is 19 after the name in parentheses, which may hold spaces; in ticks of 10 ms.
  return boot + Number(read(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ')[19]) / 100
}

function holdsOneOf(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(/^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''))
  } catch {
    return false
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
