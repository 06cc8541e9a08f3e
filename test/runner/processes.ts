import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** A process that is alive: zombies, which only wait to be reaped, are not. */
export interface Alive {
  readonly pid: number
  readonly command: string
}

/**
 * Lists what a test file has started and is still alive: the members of its process group, and (where the system shows
 * environments, which is Linux) the processes that left the group but inherited its mark.
 *
 * @param group id of the process group
 * @param mark `NAME=value`, given to the file's process as an environment variable
 */
export function alive(group: number, mark: string): Alive[] {
  return process.platform === 'linux' ? fromProc(group, mark) : fromPs(group)
}

/** Kills them all, without asking. One that has ended in the meantime is as good. */
export function kill(processes: readonly Alive[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/**
 * Waits until nothing of it is alive any more: a process that has just been told to end needs a moment.
 *
 * @param patience how long to wait, in ms
 * @returns what is alive then
 */
export async function leftovers(group: number, mark: string, patience = 2000): Promise<Alive[]> {
  const deadline = Date.now() + patience
  for (;;) {
    const left = alive(group, mark)
    if (left.length === 0 || Date.now() > deadline) return left
    await pause(50)
  }
}

/**
 * Reads /proc, see proc_pid_stat(5): the command's name stands in parentheses and may itself hold some, so fields are
 * counted after the last one. What a process that belongs to the file has started belongs to it as well, also where it
 * has an environment of its own.
 */
function fromProc(group: number, mark: string): Alive[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`)
      const [state, parent, pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (!stat || state === 'Z' || state === 'X') return []
      const own = Number(pgrp) === group || read(`/proc/${name}/environ`).split('\0').includes(mark)
      return [{ pid: Number(name), parent: Number(parent), own, stat }]
    })
  const found = new Set(all.filter(({ own }) => own).map(({ pid }) => pid))
  for (let size = -1; size !== found.size; ) {
    size = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return all
    .filter(({ pid }) => found.has(pid))
    .map(({ pid, stat }) => ({ pid, command: read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim() || stat }))
}

/** Empty where the process has ended or belongs to somebody else. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function fromPs(group: number): Alive[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat=,command='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, pid, pgid, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
      return Number(pgid) === group && !state?.startsWith('Z') ? [{ pid: Number(pid), command: command ?? '' }] : []
    })
}
