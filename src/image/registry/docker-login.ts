import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Failure } from '../../report/failure.ts'

/** A login for a registry: what is sent, which is never shown, and what people are told of it. */
export interface Login {
  readonly from: string
  /** The command that gets another one. */
  readonly next?: string
  /** The value of the `Authorization` header, `Basic …` or `Bearer …`; absent where there is an identity token. */
  readonly authorization?: string
  /** An identity token: the registry's token service gives access tokens for it. */
  readonly identityToken?: string
}

/** The members of docker's config file that logins are in: https://docs.docker.com/reference/cli/docker/login/ */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, Entry>>
  readonly credsStore?: string
  readonly credHelpers?: Readonly<Record<string, string>>
}

interface Entry {
  /** `user:password` in base64. */
  readonly auth?: string
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

/** Docker's config file, which `docker login` writes. */
function configFile(): string {
  return join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json')
}

/** What docker keeps the login for its own registry under. */
const dockerHub = 'https://index.docker.io/v1/'

/** The name that people log in to. */
export function loginName(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host
}

/** The command by which docker gets a login for a registry. */
export function logInTo(host: string): string {
  return `docker login ${loginName(host)}`
}

/**
 * The login that docker has for a registry: from the credential helper of that registry, or from the credential store,
 * or from docker's config file, in docker's own order. undefined where it has none.
 *
 * @param host as requests go to it: `quay.io`, `registry-1.docker.io`
 * @throws Failure when the config file cannot be read, or a credential helper is missing or fails
 */
export async function dockerLogin(host: string): Promise<Login | undefined> {
  const file = configFile()
  const { auths = {}, credsStore, credHelpers = {} } = await readConfig(file)
  const server = loginName(host) === 'docker.io' ? dockerHub : host
  const helper = valueFor(credHelpers, host) ?? credsStore
  if (helper) return askHelper(helper, server, host)
  const entry = valueFor(auths, host)
  return entry && loginOf(entry, host, `what ${file} has for ${loginName(host)}`)
}

async function readConfig(file: string): Promise<DockerConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // Docker was never logged in to anything, or is not on this machine.
    if (error.code === 'ENOENT') return '{}'
    throw new Failure(`Docker's logins could not be read: ${error.message}`, { on: file, cause: error })
  })
  try {
    return JSON.parse(text) as DockerConfig
  } catch {
    // What the parser says quotes the text, and logins stand in it.
    throw new Failure("Docker's logins could not be read: the file is not JSON.", {
      on: file,
      next: `docker login, after moving ${file} away`,
    })
  }
}

/** Registries stand there by host, and older entries by URL. */
function valueFor<T>(values: Readonly<Record<string, T>>, host: string): T | undefined {
  const own = hostOf(host)
  return Object.entries(values).find(([name]) => hostOf(name) === own)?.[1]
}

function hostOf(name: string): string {
  const host = name.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  return ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host
}

function loginOf({ auth, username, password, identitytoken, registrytoken }: Entry, host: string, from: string): Login | undefined {
  const told = { from, next: logInTo(host) }
  if (identitytoken) return { ...told, identityToken: identitytoken }
  if (registrytoken) return { ...told, authorization: `Bearer ${registrytoken}` }
  // Beside a credential store, docker leaves entries that have nothing in them.
  const pair = auth ?? (username ? basic(username, password ?? '') : undefined)
  return pair ? { ...told, authorization: `Basic ${pair}` } : undefined
}

function basic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`).toString('base64')
}

/**
 * Asks a credential helper, a program that gets a server's name on its input and answers in JSON:
 * https://github.com/docker/docker-credential-helpers
 */
async function askHelper(name: string, server: string, host: string): Promise<Login | undefined> {
  const program = `docker-credential-${name}`
  const on = `credential helper ${program}`
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'inherit'] })
  // One that ends without reading says by its exit code what is wrong.
  child.stdin.once('error', () => undefined)
  child.stdin.end(`${server}\n`)
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  const [out, code] = await Promise.all([text(child.stdout), ended]).catch((error: Error) => {
    const likely = `${configFile()} names it, and it is not on the PATH.`
    throw new Failure(`${program} could not be started for a login to ${loginName(host)}: ${error.message}`, { on, likely, cause: error })
  })
  if (code !== 0) {
    if (/credentials not found/i.test(out)) return undefined
    // A helper that failed has given no login; what it says then is meant for people.
    throw new Failure(`${program} gave no login for ${loginName(host)}: ${out.trim() || `it ended with code ${code}`}`, {
      on,
      next: logInTo(host),
    })
  }
  const { Username, Secret } = answerOf(out, on)
  const told = { from: `what ${program} gave for ${loginName(host)}`, next: logInTo(host) }
  return Username === '<token>' ? { ...told, identityToken: Secret } : { ...told, authorization: `Basic ${basic(Username, Secret)}` }
}

function answerOf(out: string, on: string): { Username: string; Secret: string } {
  try {
    const { Username, Secret } = JSON.parse(out)
    if (typeof Username === 'string' && typeof Secret === 'string') return { Username, Secret }
  } catch {
    // Said below, without the text, which may hold the login.
  }
  throw new Failure('The answer of a credential helper is not what docker expects.', { on })
}
