import { randomBytes } from 'node:crypto'
import type { Clients } from '../../aws/clients.ts'
import { createParameter, deleteParameters, getParameter, parametersBelow, setParameter } from '../../aws/parameters.ts'
import { exit, Failure } from '../../report/failure.ts'
import { parameterPath, type StageId, stageTags } from '../stage/names.ts'

/** A secret without its value. */
export interface SecretEntry {
  readonly name: string
  /** How often it was set. */
  readonly version: number
  /** ISO 8601. */
  readonly changed: string
}

/**
 * Makes the secrets that nobody has to set and that are not there yet: Grafana's admin password, the services' token.
 */
export async function makeOwnSecrets(clients: Clients, id: StageId, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map((name) =>
      createParameter(clients, secretName(id, name), randomBytes(18).toString('base64url'), {
        tags: stageTags(id, `secret-${name}`),
        secret: true,
      }),
    ),
  )
}

const named = ['set', 'show', 'remove'] as const
const unnamed = ['list', 'load'] as const

/** What `scripts/secret.mjs` is asked to do. */
export type SecretVerb =
  | { readonly verb: (typeof named)[number]; readonly name: string }
  | { readonly verb: (typeof unnamed)[number]; readonly name?: undefined }

/**
 * Reads what `scripts/secret.mjs` is asked to do, before anything else is asked or touched.
 * @param words the verb, and the name where there is one
 * @param seen whether what is printed is seen by a person and kept nowhere
 * @throws Failure (usage) for what it cannot do; repeats nothing which may be a secret
 */
export function readVerb([verb, name]: readonly (string | undefined)[], seen: boolean): SecretVerb {
  const usage = { on: 'secret', next: 'npx zx scripts/secret.mjs --help', code: exit.usage }
  const withName = named.find((known) => known === verb)
  const alone = unnamed.find((known) => known === verb)
  if (!withName && !alone) throw new Failure('There is no such verb of secret; there is set, list, show, remove, load', usage)
  // What stands there may be the value, so it is not repeated; nor is what stands before it, when it is not a name.
  const [, first] = /^([A-Za-z0-9_.-]{1,128})=/.exec(name ?? '') ?? []
  if (name?.includes('='))
    throw new Failure('The value of a secret does not go on the command line: others could read it there, and the shell keeps it', {
      on: 'secret',
      likely: 'The value is asked for, or comes from standard input. What stood on the command line should count as known: change it.',
      next: `npx zx scripts/secret.mjs set ${first ?? 'NAME'}`,
      code: exit.usage,
    })
  if (verb === 'show' && name !== undefined && !seen)
    throw new Failure('The value of a secret is shown on a terminal only', {
      on: 'secret show',
      likely: 'What is printed goes into a file, a pipe, a log of CI or a JSON document here, where it would stay.',
      next: 'Type it into a terminal. A program reads the parameter /APP/STAGE/secrets/NAME with rights of its own (docs/aws.md).',
      code: exit.usage,
    })
  if (withName && name !== undefined) return { verb: withName, name }
  if (alone && name === undefined) return { verb: alone }
  throw new Failure(`"secret ${verb}" ${alone ? 'takes no name' : 'needs the name of a secret'}`, usage)
}

/** Where a stage keeps a secret. The machine's role may read below this path and nowhere else. */
export function secretName(id: StageId, name: string): string {
  return `${parameterPath(id)}/secrets/${name}`
}

/** The secrets of a stage, by name. */
export async function listSecrets(clients: Clients, id: StageId): Promise<SecretEntry[]> {
  const prefix = secretName(id, '')
  const found = await parametersBelow(clients, prefix.slice(0, -1))
  return found
    .map(({ name, version, modified }) => ({ name: name.slice(prefix.length), version, changed: modified.toISOString() }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

/**
 * Sets a secret, encrypted. It reaches the services with the next deploy.
 * @throws Failure (usage) for a name or a value that Parameter Store would refuse
 */
export async function setSecret(clients: Clients, id: StageId, name: string, value: string): Promise<void> {
  check(name, value)
  await setParameter(clients, secretName(id, name), value, { tags: stageTags(id, `secret-${name}`), secret: true })
}

/**
 * The value of a secret, for whoever is to see it or to show it to a service.
 * @throws Failure when there is none of that name
 */
export async function readSecret(clients: Clients, id: StageId, name: string): Promise<string> {
  const parameter = await getParameter(clients, secretName(id, name))
  if (parameter) return parameter.value
  throw new Failure(`There is no secret "${name}"`, {
    on: `stage ${id.stage} of ${id.app}`,
    likely: 'It was never set or has been removed; those that nobody has to set are made by a deploy.',
    next: `npx zx scripts/secret.mjs list --stage ${id.stage}`,
  })
}

/** Removes a secret; one that is not there is no error. */
export async function removeSecret(clients: Clients, id: StageId, name: string): Promise<void> {
  await deleteParameters(clients, [secretName(id, name)])
}

/**
 * `NAME=value` lines as pairs; empty lines and those that begin with `#` are left out. The value is everything after
 * the first `=`.
 */
export function parseSecrets(text: string): [name: string, value: string][] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => {
      const equals = line.indexOf('=')
      // The line itself is not shown: it may be the secret.
      if (equals < 1) throw new Failure(`Line ${number} is not NAME=value`, { on: 'standard input', code: exit.usage })
      return [line.slice(0, equals), line.slice(equals + 1)]
    })
}

/**
 * Refuses to go on when the config asks for secrets that were never set.
 * @throws Failure (usage) that names them all
 */
export async function refuseMissingSecrets(clients: Clients, id: StageId, wanted: readonly string[]): Promise<void> {
  if (wanted.length === 0) return
  const there = new Set((await listSecrets(clients, id)).map(({ name }) => name))
  const missing = wanted.filter((name) => !there.has(name))
  if (missing.length === 0) return
  throw new Failure(
    `The config asks for ${missing.length === 1 ? 'a secret' : 'secrets'} that ${missing.length === 1 ? 'is' : 'are'} not set: ${missing.join(', ')}`,
    {
      on: `stage ${id.stage} of ${id.app}`,
      next: missing.map((name) => `npx zx scripts/secret.mjs set ${name} --stage ${id.stage}`).join('\n'),
      code: exit.usage,
    },
  )
}

function check(name: string, value: string): void {
  const wrong = !/^[A-Za-z0-9_.-]{1,128}$/.test(name)
    ? `"${name}" is no name for a secret: letters, digits, hyphens, dots and underscores only`
    : value === ''
      ? `The value of ${name} is empty`
      : value.includes('{{')
        ? `The value of ${name} contains "{{", which Parameter Store does not keep`
        : Buffer.byteLength(value) > 4096
          ? `The value of ${name} has ${Buffer.byteLength(value)} bytes; Parameter Store keeps 4096`
          : undefined
  if (wrong) throw new Failure(wrong, { on: `stage secret ${name}`, code: exit.usage })
}
