import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onPath } from '../../report/on-path.ts'
import { quote } from '../../report/quote.ts'
import { engineSocket } from './dockerd/traces.ts'
import type { InstanceFolder, Settings } from './folder.ts'

const cli = fileURLToPath(new URL('./docker/socket/cli.ts', import.meta.url))

/**
 * Puts the programs of the machine image into the instance's `bin`: what an Amazon Linux machine has after installing
 * docker and amazon-ecr-credential-helper, and `curl`.
 *
 * @param metadata where the metadata service answers
 */
export function installPrograms(folder: InstanceFolder, settings: Settings, metadata: string): void {
  mkdirSync(folder.bin, { recursive: true })
  // Relative socket path: the path of a Unix socket may have 104 bytes only, and a project may lie deep. Its code is
  // cached after the first call, which makes later starts three times as quick. Without the `--`, Node would take an
  // `--env-file` anywhere on the line for its own.
  const client = (program: string) =>
    `#!/bin/sh\nMLOPS_MACHINE=${quote(folder.path)} NODE_COMPILE_CACHE=${quote(join(folder.path, 'cache'))} exec ${quote(process.execPath)} --disable-warning=ExperimentalWarning -- ${quote(cli)} ${program} "$@"\n`
  install(folder, 'docker', settings.engine === 'docker' ? realClient(folder, settings) : client('docker'))
  install(folder, 'docker-credential-ecr-login', client('docker-credential-ecr-login'))
  const curl = onPath('curl', folder.bin)
  if (curl !== undefined) install(folder, 'curl', curlOn(curl, settings.privateAddress, metadata))
}

/** This machine's own docker program, talking to the engine of the instance. */
function realClient(folder: InstanceFolder, { instanceId }: Settings): string {
  return `#!/bin/sh\nDOCKER_HOST=${quote(`unix://${engineSocket(instanceId)}`)} exec ${quote(onPath('docker', folder.bin) ?? 'docker')} "$@"\n`
}

/**
 * A plain process has no loopback of its own, so `localhost` on the instance has to be said as the instance's address;
 * likewise the metadata service's well-known one.
 */
function curlOn(curl: string, address: string, metadata: string): string {
  const localhost = ['127.0.0.1', 'localhost'].map((host) => `--connect-to ${host}::${address}:`).join(' ')
  return `#!/bin/sh\nexec ${quote(curl)} --noproxy '*' ${localhost} --connect-to 169.254.169.254:80:${new URL(metadata).host} "$@"\n`
}

/** One that is there is written anew, and stays as executable as it is. */
function install(folder: InstanceFolder, name: string, text: string): void {
  writeFileSync(join(folder.bin, name), text, { mode: 0o755 })
}
