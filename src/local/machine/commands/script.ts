import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { namingFile } from '../../files/full-disk.ts'
import { signal } from '../process-table.ts'

/** How a script ended. */
export interface ScriptResult {
  /** Its exit code; 128 + the signal's number when a signal ended it, as a shell counts. */
  readonly code: number
  /** Why we ended it, if we did. */
  readonly killed: 'timeout' | 'cancel' | undefined
  /** The heads of its output: see `kept`. */
  readonly stdout: string
  readonly stderr: string
}

/** A script that runs. */
export interface Running {
  readonly ended: Promise<ScriptResult>
  /** SIGKILL to its process group, as the agent does: no SIGTERM first. */
  kill(reason: 'timeout' | 'cancel'): void
}

/**
 * How many characters GetCommandInvocation keeps of each stream (its API reference: StandardOutputContent,
 * StandardErrorContent).
 */
export const outputLimits = { stdout: 24_000, stderr: 8_000 } as const

/**
 * Runs a script as the SSM agent does: written to a file of its own, executed through `sh -c`, so that the first line's
 * `#!` counts and a script without one is run by sh; in a process group of its own; it has ended when nobody holds its
 * output open any more.
 *
 * @param folder where its script and its whole output are kept
 * @param cwd must exist
 */
export function runScript(text: string, folder: string, cwd: string, env: Record<string, string>, timeoutSeconds: number): Running {
  const file = join(folder, '_script.sh')
  namingFile(file, () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, text, { mode: 0o700 })
  })
  // Files that a script lays out for containers must be readable by the users that run in them, as with the umask of
  // the agent on Amazon Linux.
  const child = spawn('sh', ['-c', 'umask 022; "$0"', file], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout = head(child.stdout, join(folder, 'stdout'), outputLimits.stdout)
  const stderr = head(child.stderr, join(folder, 'stderr'), outputLimits.stderr)
  let killed: ScriptResult['killed']
  const kill = (reason: 'timeout' | 'cancel') => {
    killed ??= reason
    if (child.pid !== undefined) signal(-child.pid, 'SIGKILL')
    // What has left the group may still hold the output open; nobody waits for it any more.
    setTimeout(() => {
      child.stdout.destroy()
      child.stderr.destroy()
    }, 500).unref()
  }
  const timer = setTimeout(() => kill('timeout'), timeoutSeconds * 1000)
  const ended = new Promise<ScriptResult>((resolve) => {
    child.once('error', ({ message }) => resolve({ code: 1, killed, stdout: '', stderr: `${message}\n` }))
    child.once('close', (code, name) =>
      resolve({ code: code ?? 128 + constants.signals[name ?? 'SIGHUP'], killed, stdout: stdout(), stderr: stderr() }),
    )
  }).finally(() => clearTimeout(timer))
  return { ended, kill }
}

/** Copies a stream to a file and remembers its first characters. */
function head(stream: Readable, file: string, characters: number): () => string {
  const decoder = new StringDecoder('utf8')
  const copy = createWriteStream(file, { mode: 0o600 })
  copy.on('error', (error) => console.error(`cannot keep the output of a command in ${file}: ${error.message}`))
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    if (!copy.destroyed) copy.write(chunk)
    if (text.length < characters) text += decoder.write(chunk)
  })
  stream.on('close', () => copy.end())
  return () => text.slice(0, characters)
}
