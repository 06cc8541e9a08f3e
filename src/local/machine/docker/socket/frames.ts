/**
 * What the `docker` command and the engine say to each other over their socket: frames of one byte for the kind, four
 * for the length, and the content. Kept free of imports: the command reads it at every start.
 */
export const kind = {
  /** Command → engine: a `Call` in JSON; its first and only one. */
  call: 1,
  /** Command → engine: some of its standard input; an empty one is the end. */
  input: 2,
  /** Command → engine: the name of a signal that it got. */
  signal: 3,
  /** Engine → command: output. */
  stdout: 4,
  stderr: 5,
  /** Engine → command: standard input is wanted. */
  want: 6,
  /** Engine → command: the exit code in decimal; the last frame. */
  exit: 7,
  /** Engine → command: a `Program` in JSON, instead of an exit code, for only the command has the terminal. */
  run: 8,
} as const

/** What the command was asked to do. */
export interface Call {
  /** `docker`, or another program of the machine image that the engine answers for. */
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Whether its standard input is a terminal. */
  readonly terminal: boolean
}

/** What a program in a container is, said in terms of this machine. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

export function frame(kind: number, content: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(content as string)
  const head = Buffer.alloc(5)
  head.writeUInt8(kind)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** Takes the chunks of a stream and gives its whole frames on. */
export function unframe(take: (kind: number, content: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 5) {
      const end = 5 + rest.readUInt32BE(1)
      if (rest.length < end) return
      const content = rest.subarray(5, end)
      const type = rest[0]!
      rest = rest.subarray(end)
      take(type, content)
    }
  }
}
