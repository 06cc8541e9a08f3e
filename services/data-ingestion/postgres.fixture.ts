import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'

/** A PostgreSQL server of one's own, for tests. */
export interface Server {
  readonly url: string
  /** Ends it at once, as a loss of power would; its data stays. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

/** Where the server's programs are: on the PATH, or where Debian's and macOS's packages put them. */
const places = [
  ...(process.env.PATH ?? '').split(':'),
  ...globSync('/usr/lib/postgresql/*/bin').sort().reverse(),
  ...globSync('/opt/homebrew/opt/postgresql*/bin'),
]

/**
 * The folder of `initdb` and `postgres`; undefined where there is none, and one line that says so and how to get it.
 */
export function postgresPrograms(): string | undefined {
  const found = places.find((place) => place !== '' && existsSync(join(place, 'initdb')))
  if (!found) console.log('There is no PostgreSQL here, so nothing was tested against one. To get it: apt-get install postgresql')
  return found
}

/**
 * Starts a server on a free port with an empty database. It trusts the loopback; its data is in a folder of its own.
 */
export async function startPostgres(programs: string, settings: Readonly<Record<string, string>> = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-test-'))
  const data = join(folder, 'data')
  // The server refuses to run as root.
  const as = userInfo().uid === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  if (as.length > 0) execFileSync('chown', ['65534:65534', folder])
  else chmodSync(folder, 0o700)
  const command = (program: string, words: readonly string[]): [string, string[]] => {
    const [first = '', ...rest] = [...as, join(programs, program), ...words]
    return [first, rest]
  }
  // Its own locale, and no sync of the empty database: what is tested comes later.
  execFileSync(...command('initdb', ['--pgdata', data, '--username=test', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']), {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const port = await freePort()
  const url = `postgres://test@127.0.0.1:${port}/postgres`
  const options = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: folder, ...settings }
  const words = ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  let server: ChildProcess | undefined

  const end = async (signal: NodeJS.Signals) => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }
  const start = async () => {
    server = spawn(...command('postgres', words), { cwd: folder, stdio: 'ignore' })
    await answers(url, server)
  }
  await start()
  return {
    url,
    start,
    // SIGQUIT: the server ends its processes at once and recovers from its log at the next start. A SIGKILL would leave
    // its children behind.
    kill: () => end('SIGQUIT'),
    async remove() {
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  while (server.exitCode === null && server.signalCode === null) {
    const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {}, fetch_types: false })
    const there = await sql`SELECT 1`.then(
      () => true,
      () => false,
    )
    await sql.end({ timeout: 1 })
    if (there) return
  }
  throw new Error('The PostgreSQL server ended at its start.')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
