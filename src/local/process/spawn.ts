import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/**
 * Starts a program of ours as a process of its own, which outlives this one.
 *
 * @param program its file and the arguments after it
 * @param options `log`: the file at whose end its lines go; `ipc`: whether it is to have a channel to this process
 * @throws Error where the log cannot be opened
 */
export function spawnDetached(
  program: readonly string[],
  { log, ipc = false, ...options }: { log: string; cwd: string; env: Readonly<Record<string, string>>; ipc?: boolean },
): ChildProcess {
  const file = openSync(log, 'a', 0o600)
  try {
    const stdio = ['ignore', file, file, ...(ipc ? ['ipc' as const] : [])] as const
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...program], {
      ...options,
      detached: true,
      stdio: [...stdio],
    })
    child.unref()
    return child
  } finally {
    closeSync(file)
  }
}
