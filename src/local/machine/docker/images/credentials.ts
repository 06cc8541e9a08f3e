import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseReference } from '../../../../image/registry/reference.ts'
import { readWhole } from '../../../files/whole.ts'
import { daemon } from '../refusal.ts'

/**
 * What a registry is told for this image: what the credential helper says that docker's own config file names for it.
 * That file is in `DOCKER_CONFIG`, else in `.docker` at home; without a home, which is the case for the agent's
 * scripts, that is root's.
 *
 * @returns `Basic …`, or undefined where there is no login
 * @throws Refusal when a helper fails
 */
export async function authorizationFor(image: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const folder = env.DOCKER_CONFIG ?? join(env.HOME ?? env.MLOPS_ROOT ?? '/root', '.docker')
  const config = readWhole<{ credHelpers?: Record<string, string> }>(join(folder, 'config.json'))
  const host = new URL(parseReference(image).origin).host
  const helper = config?.credHelpers?.[host]
  const found = helper && (await ask(helper, host, env))
  return found && `Basic ${Buffer.from(`${found.Username}:${found.Secret}`).toString('base64')}`
}

/** Asks a credential helper by the protocol of docker-credential-helpers: the server on stdin, JSON on stdout. */
async function ask(helper: string, host: string, env: Readonly<Record<string, string>>) {
  const name = `docker-credential-${helper}`
  const child = spawn(name, ['get'], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const started = new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  // A helper may answer without having read the question.
  child.stdin.on('error', () => undefined)
  child.stdin.end(`${host}\n`)
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    const [, out, err] = await Promise.all([started, buffer(child.stdout), buffer(child.stderr)])
    if ((await code) === 0) return JSON.parse(out.toString()) as { Username: string; Secret: string }
    const said = `${out}${err}`.trim()
    if (said === 'credentials not found in native keychain') return undefined
    throw daemon(`error getting credentials - ${name}: ${said}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw daemon(`error getting credentials - err: exec: "${name}": executable file not found in $PATH, out: ""`)
  }
}
