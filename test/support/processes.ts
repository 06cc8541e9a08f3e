import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A living process; zombies are not. */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
  /** Its environment, `NAME=value` after `NAME=value`; part of `command` where the system shows both together. */
  readonly environment: string
}

/**
 * Every process that has to do with a folder: the scripts, the embedded cloud, the machines and their containers. All
 * of them name the folder on their command line or in their environment, since it is on their PATH.
 */
export function processesOf(folder: string): Process[] {
  const own = process.pid
  return allProcesses().filter(({ pid, command, environment }) => pid !== own && `${command}\0${environment}`.includes(folder))
}

/** A process and all that it has started, as far as their parents still live. */
export function treeOf(root: number): number[] {
  const all = allProcesses()
  const tree = [root]
  for (const pid of tree) tree.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid))
  return tree
}

/** SIGKILL; a process that has ended meanwhile is as good. */
export function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

function allProcesses(): Process[] {
  return process.platform === 'linux' ? fromProc() : fromPs()
}

/** proc_pid_stat(5): the command's name stands in parentheses and may itself hold some. */
function fromProc(): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const stat = read(`/proc/${name}/stat`)
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (stat === '' || state === 'Z' || state === 'X') return []
    const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ')
    return [{ pid: Number(name), parent: Number(parent), command, environment: read(`/proc/${name}/environ`) }]
  })
}

/** Empty where the process has ended or is somebody else's. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** With `-E`, BSD's ps shows a process's environment behind its command. */
function fromPs(): Process[] {
  const text = execFileSync('ps', ['-A', '-E', '-ww', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    return command === undefined || state?.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command, environment: '' }]
  })
}
