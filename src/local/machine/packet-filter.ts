import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { onPath } from '../../report/on-path.ts'

/**
 * The loopback belongs to every user of a computer: a port that listens there is anybody's to connect to, whatever a
 * security group says. Linux's packet filter knows whose a connection is and can keep others out, which only root may
 * tell it to. So it is done where this is root and `iptables` is installed; elsewhere other users of the same computer
 * reach those ports, and what stands behind them has to look after itself.
 */
export interface Protected {
  /** An instance's id, or `cloud`. */
  readonly name: string
  /** Where what it protects keeps its files: the rule goes with them. */
  readonly folder: string
  readonly addresses: readonly string[]
  /** Absent: all of them. */
  readonly port?: number
}

/**
 * Every rule of ours is recognised by its comment, which may have 255 characters (iptables-extensions(8), "comment").
 */
const mark = (name: string, folder = '') => `mlops:${name}:${folder}`.slice(0, 255)

/**
 * The packet filter's rule, as words, of which it makes one for each address: a connection that another user's program
 * opens is refused as if nothing listened. It stands before all others.
 */
export function rule({ name, folder, addresses, port }: Protected, uid: number): string[] {
  const connection = `OUTPUT -d ${addresses.map((address) => `${address}/32`).join(',')} -p tcp${port === undefined ? '' : ` --dport ${port}`}`
  const match = `${connection} -m owner ! --uid-owner ${uid} -m comment --comment`.split(' ')
  return [...match, mark(name, folder), '-j', 'REJECT', '--reject-with', 'tcp-reset']
}

/**
 * Keeps other users away, in the place of what an earlier process has left of the same name.
 *
 * @returns whether it is done; false where this is not root, or the system has no such packet filter
 */
export async function closeToOthers(guarded: Protected): Promise<boolean> {
  if (!possible()) return false
  try {
    await openToOthers(guarded.name, guarded.folder)
    await iptables('-I', ...rule(guarded, process.getuid!()))
    return true
  } catch (error) {
    console.error(`${guarded.addresses.join(' and ')} stay open to other users of this computer: ${(error as Error).message.trim()}`)
    return false
  }
}

/** Takes a rule away; nothing to do where there is none. @throws Error in the words of `iptables` */
export async function openToOthers(name: string, folder?: string): Promise<void> {
  if (!possible()) return
  const begin = mark(name, folder)
  for (const words of await ours()) if (commentOf(words).startsWith(begin)) await remove(words)
}

/** Takes away what was left by those whose folders are gone. */
export async function sweepRules(): Promise<void> {
  if (!possible()) return
  for (const words of await ours()) {
    const comment = commentOf(words)
    const folder = comment.split(':').slice(2).join(':')
    // A path that had no room in the comment does not tell whether it is gone.
    if (comment.length < 255 && !existsSync(folder)) await remove(words)
  }
}

/** Every cloud of this computer sweeps: a rule that another one has taken away meanwhile is as gone as it should be. */
async function remove(words: readonly string[]): Promise<void> {
  try {
    await iptables('-D', ...words)
  } catch (error) {
    const there = (await ours()).some((each) => each.join(' ') === words.join(' '))
    if (there) throw error
  }
}

function possible(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && onPath('iptables') !== undefined
}

/**
 * Our rules as `iptables -S OUTPUT` prints them, each without its `-A`; none where the packet filter cannot be read.
 */
async function ours(): Promise<string[][]> {
  const printed = await iptables('-S', 'OUTPUT').catch(() => '')
  return rulesIn(printed).filter((words) => commentOf(words).startsWith('mlops:'))
}

/** Takes the output of `iptables -S` apart into words: those with spaces stand in double quotes. */
export function rulesIn(printed: string): string[][] {
  return printed
    .split('\n')
    .filter((line) => line.startsWith('-A '))
    .map((line) => [...line.slice('-A '.length).matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([word, quoted]) => unquoted(word, quoted)))
}

function unquoted(word: string, quoted: string | undefined): string {
  return quoted === undefined ? word : quoted.replaceAll(/\\(.)/g, '$1')
}

function commentOf(words: readonly string[]): string {
  return words[words.indexOf('--comment') + 1] ?? ''
}

/** `-w`: waits, for so many seconds, while another program changes the rules. */
async function iptables(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(onPath('iptables') ?? 'iptables', ['-w', '10', ...words])
  return stdout
}
