import { readFileSync } from 'node:fs'

/** A process's resident memory in MB, from Linux's /proc; not a number elsewhere. */
export function residentMB(pid: number): number {
  return (Number(/VmRSS:\s+(\d+) kB/.exec(read(pid, 'status'))?.[1]) * 1024) / 1e6
}

/**
 * The most that a process has had resident so far, in MiB, as containers are limited; not a number elsewhere than on
 * Linux.
 */
export function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(read(pid, 'status'))?.[1]) / 1024
}

/**
 * The time that processors have spent on a process so far, in ticks of usually 10 ms, its own and the system's for it;
 * not a number elsewhere than on Linux. Unlike the time on the clock it does not depend on what else the machine does.
 */
export function processorTicks(pid: number): number {
  // The name in parentheses may hold spaces; fields 14 and 15 of proc(5) are 12 and 13 after it.
  const fields = read(pid, 'stat').split(') ').at(-1)!.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
