// Distribution's own registry as a process, for tests of what we do with registries of others.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programOnPath } from '../../src/image/base/program.ts'
import { freePort } from './cloud.ts'

/** The one user of a private registry. */
export const reader = { user: 'ann', password: 'opensesame' }

/** The user's line of an htpasswd file, which knows bcrypt only. */
const htpasswd = `${reader.user}:$2b$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n`

export interface DockerRegistry {
  readonly host: string
  /** Ends it; what was pushed stays. */
  stop(): Promise<void>
  /** Starts it again, at the same place with the same content. */
  start(): Promise<void>
  remove(): Promise<void>
}

/**
 * Starts one on a free port; undefined, and a line that says so, where this machine has none.
 * @param options `private`: only the reader is let in
 */
export async function startDockerRegistry(options: { private?: boolean } = {}): Promise<DockerRegistry | undefined> {
  const server = programOnPath('docker-registry') ?? programOnPath('registry')
  if (!server) {
    console.log('\nskipped: there is no docker-registry on the PATH (apt-get install docker-registry)')
    return undefined
  }
  const folder = mkdtempSync(join(tmpdir(), 'docker-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const auth = options.private ? `auth: { htpasswd: { realm: here, path: ${folder}/htpasswd } }\n` : ''
  writeFileSync(join(folder, 'htpasswd'), htpasswd)
  writeFileSync(
    join(folder, 'config.yml'),
    `version: 0.1\nlog: { level: info }\nstorage: { filesystem: { rootdirectory: ${folder}/data } }\n${auth}http: { addr: '${host}', secret: x }\n`,
  )
  let child: ChildProcess | undefined
  const registry: DockerRegistry = {
    host,
    async start() {
      const started = spawn(server, ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'ignore', 'pipe'] })
      child = started
      await new Promise<void>((resolve, reject) => {
        started.stderr.on('data', (text) => String(text).includes('listening on') && resolve())
        started.on('exit', (code) => reject(new Error(`the registry ended with ${code}`)))
      })
    },
    async stop() {
      const running = child
      child = undefined
      if (!running) return
      const closed = new Promise((resolve) => running.once('close', resolve))
      running.kill()
      await closed
    },
    async remove() {
      await registry.stop()
      rmSync(folder, { recursive: true })
    },
  }
  await registry.start()
  return registry
}
