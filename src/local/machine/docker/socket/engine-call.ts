import type { Socket } from 'node:net'
import { PassThrough, type Readable } from 'node:stream'
import { type Call, frame, kind, type Program, unframe } from './frames.ts'

/** A `docker` command that waits for its answer. */
export interface EngineCall extends Call {
  out(text: string | Buffer): void
  err(text: string | Buffer): void
  /** The command's standard input, which is only read when somebody asks. */
  input(): Readable
  /** Called with signals that the command gets. */
  onSignal(take: (name: NodeJS.Signals) => unknown): void
  /** Aborts when the command has gone. */
  readonly gone: AbortSignal
  exit(code: number): void
  /** Lets the command run a program at its own terminal; the last thing that it is told. */
  handOver(program: Program): void
}

/** Reads the one call that comes over a connection. */
export function receive(socket: Socket, answer: (call: EngineCall) => void): void {
  const input = new PassThrough()
  const gone = new AbortController()
  const signals: ((name: NodeJS.Signals) => unknown)[] = []
  let asked = false
  const say = (type: number, content: string | Buffer) => {
    if (!socket.destroyed) socket.write(frame(type, content))
  }
  // A command that is killed resets the connection; `close` follows.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    gone.abort()
    input.end()
  })
  socket.on(
    'data',
    unframe((type, content) => {
      if (type === kind.input) {
        if (content.length === 0) input.end()
        else input.write(content)
      } else if (type === kind.signal) for (const take of signals) take(content.toString() as NodeJS.Signals)
      else if (type === kind.call)
        answer({
          ...(JSON.parse(content.toString()) as Call),
          out: (text) => say(kind.stdout, text),
          err: (text) => say(kind.stderr, text),
          input() {
            if (!asked) say(kind.want, '')
            asked = true
            return input
          },
          onSignal: (take) => void signals.push(take),
          gone: gone.signal,
          handOver(program) {
            say(kind.run, JSON.stringify(program))
            socket.end()
          },
          exit(code) {
            say(kind.exit, String(code))
            socket.end()
          },
        })
    }),
  )
}
