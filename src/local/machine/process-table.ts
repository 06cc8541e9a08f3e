import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { within } from '../process/within.ts'

/**
 * Every process of an instance carries this variable with the instance's id, so that all of them are found again,
 * whoever their parent is by now and whichever group they have moved to.
 */
export const marker = 'MLOPS_INSTANCE'

/** What runs in a container with a network of its own carries this variable too, with that network's name. */
export const networkMarker = 'MLOPS_NETWORK'

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

/** The numbers of all living processes of an instance, but for this one. */
export function processesOf(instanceId: string): number[] {
  return kinships().flatMap((each) => (each.instanceId === instanceId && each.pid !== process.pid ? [each.pid] : []))
}

/** What is known of a process when it is asked whose it is. */
export interface Kinship {
  readonly pid: number
  readonly parent: number
  /** The value of the mark, and of that of a container's network, where its environment has them. */
  readonly instanceId?: string
  readonly network?: string
}

/**
 * The numbers of the processes of an instance that are on the machine's own network: not those in containers with one
 * of theirs.
 */
export function belongingTo(instanceId: string): number[] {
  return members(kinships(), instanceId)
}

/**
 * Which of these processes belong to an instance and to its own network. The nearest of a process and its ancestors
 * that carries the mark tells: a program may start others with an environment of its own choosing, and the environment
 * of some is not to be seen (macOS hides that of its own programs).
 */
export function members(all: readonly Kinship[], instanceId: string): number[] {
  const known = new Map(all.map((each) => [each.pid, each]))
  return all.flatMap(({ pid }) => {
    let at = known.get(pid)
    // Numbers are given again, so what was read one after the other might lead in a circle.
    for (let steps = 0; at !== undefined && at.instanceId === undefined && steps < known.size; steps++) at = known.get(at.parent)
    return at?.instanceId === instanceId && at.network === undefined ? [pid] : []
  })
}

/**
 * Kills every process of an instance, and returns once none is left.
 *
 * @throws Error when something still lives after five seconds, as a process that hangs in the kernel does.
 */
export async function killAll(instanceId: string): Promise<void> {
  const none = await within(5_000, 5, () => {
    const pids = processesOf(instanceId)
    for (const pid of pids) signal(pid, 'SIGKILL')
    return pids.length === 0
  })
  if (!none) throw new Error(`processes ${processesOf(instanceId).join(', ')} of ${instanceId} do not end`)
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

/** All processes of this computer. BSD's ps shows the environment after the command with -E. */
function kinships(): Kinship[] {
  if (!linux)
    return kinshipsIn(execFileSync('ps', ['-axEww', '-o', 'pid=,ppid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }))
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name)
      const stat = procFile(pid, 'stat')
      if (stat === undefined) return []
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return [{ pid, parent: Number(parent), ...marksIn((procFile(pid, 'environ') ?? '').split('\0')) }]
    })
}

/** Reads what BSD's `ps -axEww -o pid=,ppid=,command=` prints. */
export function kinshipsIn(table: string): Kinship[] {
  return table.split('\n').flatMap((line) => {
    const [pid, parent, ...words] = line.trim().split(/\s+/)
    return pid ? [{ pid: Number(pid), parent: Number(parent), ...marksIn(words) }] : []
  })
}

/** The environment stands last, so the last word of a name counts. */
function marksIn(words: readonly string[]): Pick<Kinship, 'instanceId' | 'network'> {
  const value = (name: string) => words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  const [instanceId, network] = [value(marker), value(networkMarker)]
  return { ...(instanceId !== undefined && { instanceId }), ...(network !== undefined && { network }) }
}

/** A file of /proc; undefined when the process has gone or belongs to another user. */
function procFile(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch (error) {
    if (isUntold(error)) return undefined
    throw error
  }
}

/** Whether the system does not tell of a process because it has gone or belongs to another user. */
export function isUntold(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
}
