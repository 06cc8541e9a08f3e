import { spawn } from 'node:child_process'

/** How a program ended. */
export interface Ran {
  /** Undefined when there is no such program. */
  readonly code: number | null | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, whatever its exit code. `line` gets what it writes on stderr, a line at a time. */
export function run(program: string, args: readonly string[], line?: (text: string) => void): Promise<Ran> {
  return new Promise((resolve, reject) => {
    // The words that we read are English ones.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
    let stdout = ''
    let stderr = ''
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const full of lines) line?.(full)
    })
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve({ code: undefined, stdout, stderr }) : reject(error),
    )
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
