import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A service that runs as a process of its own, for tests. */
export interface Child {
  readonly process: ChildProcess
  /** The exit code, or the signal that ended it, once it has ended. */
  readonly end: Promise<number | string>
  /** `http://127.0.0.1:PORT`; undefined where it ended without listening. */
  readonly address: string | undefined
  readonly port: number
  /** What it has written so far, both streams. */
  output(): string
}

/** Those that have not ended: whoever fails before it stops them must not leave them behind. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a service's entry on a free port and waits until it says that it listens, or ends.
 *
 * @param entry the file, absolute
 */
export async function startChild(entry: string, environment: Record<string, string> = {}): Promise<Child> {
  const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PORT: '0', ...environment } })
  let written = ''
  running.add(child)
  child.once('exit', () => running.delete(child))
  const end = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const port = await new Promise<number | undefined>((resolve) => {
    const take = (piece: Buffer) => {
      written += piece
      const listening = /"port":(\d+),"message":"listening"\}/.exec(written)
      if (listening) resolve(Number(listening[1]))
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    void end.then(() => resolve(undefined))
  })
  return { process: child, end, port: port ?? 0, address: port ? `http://127.0.0.1:${port}` : undefined, output: () => written }
}

/**
 * Ends a child that may have ended already: by asking, since a killed process writes no coverage, or by a signal of
 * one's choice.
 */
export async function stopChild(child: Child, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  child.process.kill(signal)
  await child.end
}

/** Resolves when the child has written this; throws when it ends without. */
export async function written(child: Child, text: string): Promise<void> {
  while (!child.output().includes(text)) {
    const { stdout, stderr } = child.process
    const data = Promise.race([once(stdout!, 'data'), once(stderr!, 'data')])
    const ended = await Promise.race([data.then(() => false), child.end.then(() => true)])
    if (ended && !child.output().includes(text)) throw new Error(`It ended without writing ${text}: ${child.output()}`)
  }
}
