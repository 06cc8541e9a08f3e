import { connect } from 'node:net'
import { type Call, frame, kind, type Program, unframe } from './frames.ts'

/**
 * The `docker` of an instance: `node cli.ts <program> <argument>…` passes everything on to the engine in the machine's
 * process. It starts often, so it does next to nothing itself.
 */
const [program = 'docker', ...args] = process.argv.slice(2)
const { MLOPS_MACHINE: machine = '.', NODE_COMPILE_CACHE, ...env } = process.env as Record<string, string>
const call: Call = { program, args, env, cwd: process.cwd(), terminal: process.stdin.isTTY === true }
// The path of a Unix socket may have 104 bytes only, and an instance's folder may lie deep.
process.chdir(machine)

const socket = connect('docker.sock')
socket.write(frame(kind.call, JSON.stringify(call)))
let ended = false
socket.on(
  'data',
  unframe((type, content) => {
    if (type === kind.stdout) process.stdout.write(content)
    else if (type === kind.stderr) process.stderr.write(content)
    else if (type === kind.want) sendInput()
    else if (type === kind.run) void run(JSON.parse(content.toString()))
    else if (type === kind.exit) {
      ended = true
      process.exitCode = Number(content.toString())
      socket.destroy()
      process.stdin.destroy()
    }
  }),
)
socket.on('error', (error) => {
  if (ended) return
  process.stderr.write(`Cannot connect to the Docker daemon of this instance (${error.message}). Is the docker daemon running?\n`)
  ended = true
  process.exitCode = 1
})
socket.on('close', () => {
  if (ended) return
  process.stderr.write('error during connect: the engine of this instance has ended\n')
  process.exitCode = 1
})
// Whoever read the output has had enough, as in `docker logs x | head`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(1))

function sendInput(): void {
  process.stdin.on('data', (chunk: Buffer) => socket.write(frame(kind.input, chunk)))
  process.stdin.on('end', () => socket.write(frame(kind.input)))
}

/** Gives the terminal to a program until it ends. */
async function run({ file, args, env, cwd }: Program): Promise<void> {
  ended = true
  socket.destroy()
  const { spawn } = await import('node:child_process')
  const child = spawn(file, args, { cwd, env, stdio: 'inherit' })
  child.once('exit', (code) => process.exit(code ?? 1))
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ended || socket.write(frame(kind.signal, name)))
