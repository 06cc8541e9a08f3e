import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Every process of an instance carries this variable with the instance's id, so that all of them are found again, whoever their parent
 * is by now and whichever group they have moved to.
 */
export const marker = 'MLOPS_INSTANCE'

/** A process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, as the system words it. */
  readonly started: string
}

const linux = process.platform === 'linux'

/** The identity of a living process; undefined when there is none with this number, or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = linux ? startedOnLinux(pid) : startedElsewhere(pid)
  return started === undefined ? undefined : { pid, started }
}

/** Whether exactly this process still lives. */
export function alive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started
}

/** The numbers of all living processes of an instance. */
export function processesOf(instanceId: string): number[] {
  const wanted = `${marker}=${instanceId}`
  return linux ? markedOnLinux(wanted) : markedElsewhere(wanted)
}

/**
 * Kills every process of an instance, and returns once none is left.
 *
 * @throws Error when something still lives after five seconds, as a process that hangs in the kernel does.
 */
export async function killAll(instanceId: string): Promise<void> {
  for (const giveUp = Date.now() + 5_000; ; ) {
    const pids = processesOf(instanceId)
    if (pids.length === 0) return
    if (Date.now() > giveUp) throw new Error(`processes ${pids.join(', ')} of ${instanceId} do not end`)
    for (const pid of pids) signal(pid, 'SIGKILL')
    await sleep(5)
  }
}

/** Sends a signal; false when there is no such process (a negative number means its group, as in kill(2)). */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

let bootId: string | undefined

/** Start time in clock ticks since boot (field 22 of proc_pid_stat(5)), with the boot it counts from. */
function startedOnLinux(pid: number): string | undefined {
  const stat = procFile(pid, 'stat')
  if (stat === undefined) return undefined
  // The command's name stands in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return `${bootId}:${fields[19]}`
}

function startedElsewhere(pid: number): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() ||
      undefined
    )
  } catch {
    return undefined // ps ends with 1 when there is no such process
  }
}

function markedOnLinux(wanted: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && procFile(pid, 'environ')?.split('\0').includes(wanted))
}

/** BSD's ps shows the environment after the command with -E. */
function markedElsewhere(wanted: string): number[] {
  const table = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return table
    .split('\n')
    .filter((line) => line.split(/\s+/).includes(wanted))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid)
}

/** A file of /proc; undefined when the process has gone or belongs to another user. */
function procFile(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}
