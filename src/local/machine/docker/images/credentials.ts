import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseReference } from '../../../../image/registry/reference.ts'
import { readWhole } from '../../folder.ts'
import { daemon } from '../refusal.ts'

/** Docker's own config file, as far as logins are concerned. */
interface DockerConfig {
  auths?: Record<string, { auth?: string }>
  credHelpers?: Record<string, string>
  credsStore?: string
}

/**
 * Where docker keeps its logins: `DOCKER_CONFIG`, else `.docker` at home. Without a home, which is the case for the
 * agent's scripts, that is root's.
 */
function configFile(env: Readonly<Record<string, string>>): string {
  return join(env.DOCKER_CONFIG ?? join(env.HOME ?? env.MLOPS_ROOT ?? '/root', '.docker'), 'config.json')
}

/**
 * What a registry is told for this image: by the credential helper that the config names for it, else by a login that
 * is kept there.
 *
 * @returns `Basic …`, or undefined where there is no login
 * @throws Refusal when a helper fails
 */
export async function authorizationFor(image: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const config = readWhole<DockerConfig>(configFile(env)) ?? {}
  const host = new URL(parseReference(image).origin).host
  const helper = config.credHelpers?.[host] ?? config.credsStore
  if (helper) {
    const found = await ask(helper, host, env)
    if (found) return `Basic ${Buffer.from(`${found.Username}:${found.Secret}`).toString('base64')}`
  }
  const auth = config.auths?.[host]?.auth
  return auth && `Basic ${auth}`
}

/** Asks a credential helper by the protocol of docker-credential-helpers: the server on stdin, JSON on stdout. */
async function ask(
  helper: string,
  host: string,
  env: Readonly<Record<string, string>>,
): Promise<{ Username: string; Secret: string } | undefined> {
  const name = `docker-credential-${helper}`
  const child = spawn(name, ['get'], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const started = new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  // A helper may answer without having read the question.
  child.stdin.on('error', () => undefined)
  child.stdin.end(`${host}\n`)
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    const [, out, err] = await Promise.all([started, buffer(child.stdout), buffer(child.stderr)])
    if ((await code) === 0) return JSON.parse(out.toString())
    const said = `${out}${err}`.trim()
    if (said === 'credentials not found in native keychain') return undefined
    throw daemon(`error getting credentials - ${name}: ${said}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw daemon(`error getting credentials - err: exec: "${name}": executable file not found in $PATH, out: ""`)
  }
}
