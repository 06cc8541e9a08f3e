import type { Clients } from './clients.ts'
import { codeOf, isAmbiguous, isThrottled } from './errors.ts'
import { retry } from './retry.ts'
import { type Tags, tagList } from './tags.ts'

export interface Parameter {
  readonly value: string
  /** Counts every write, from 1. */
  readonly version: number
}

/** The parameter as it is now; undefined when there is none. SecureStrings are decrypted. */
export async function getParameter(clients: Clients, name: string): Promise<Parameter | undefined> {
  try {
    const { Parameter } = await (await clients.ssm()).getParameter({ Name: name, WithDecryption: true })
    return { value: Parameter!.Value!, version: Parameter!.Version! }
  } catch (error) {
    if (codeOf(error) === 'ParameterNotFound') return undefined
    throw error
  }
}

/**
 * The values of those of these parameters (at most 10) that exist, by name, in one call. SecureStrings are decrypted.
 */
export async function getParameters(clients: Clients, names: readonly string[]): Promise<Map<string, string>> {
  const { Parameters = [] } = await (await clients.ssm()).getParameters({ Names: [...names], WithDecryption: true })
  return new Map(Parameters.map((parameter) => [parameter.Name!, parameter.Value!]))
}

/** Every version of a parameter, oldest first, as far as AWS keeps them (100); empty when there is none. */
export async function parameterVersions(clients: Clients, name: string): Promise<Parameter[]> {
  const { paginateGetParameterHistory } = await import('@aws-sdk/client-ssm')
  const versions: Parameter[] = []
  try {
    for await (const page of paginateGetParameterHistory({ client: await clients.ssm() }, { Name: name, WithDecryption: true }))
      versions.push(...(page.Parameters ?? []).map((parameter) => ({ value: parameter.Value!, version: parameter.Version! })))
  } catch (error) {
    if (codeOf(error) !== 'ParameterNotFound') throw error
  }
  return versions
}

/** Free up to 4 KB, and paid for ($0.05 a month) only where a value has more; 8 KB at most. */
const tier = 'Intelligent-Tiering'
/** How many answers may be lost in a row; a server that fails again and again is not asked for ever. */
const mostLost = 3
/**
 * For how long, in seconds, a create that is throttled is tried again: less than a lease lives, whose end is part of
 * its value.
 */
const patience = { within: 20, signal: new AbortController().signal }

/**
 * Creates a parameter. undefined when it exists already: Parameter Store decides that atomically, which is what makes
 * it fit for locks. The SDK sends the call once, because a repetition after a lost answer would be told "exists" by its
 * own first try. So after a lost answer it is this create's when it has this value: for a lock, a value that no other
 * holder writes.
 */
export async function createParameter(
  clients: Clients,
  name: string,
  value: string,
  options: { tags: Tags; secret?: boolean },
): Promise<{ version: number } | undefined> {
  const ssm = await clients.once.ssm()
  let lost = 0
  const send = async () => {
    try {
      const { Version } = await ssm.putParameter({
        Name: name,
        Value: value,
        Type: options.secret ? 'SecureString' : 'String',
        Tier: tier,
        Overwrite: false,
        Tags: tagList(options.tags),
      })
      return { version: Version! }
    } catch (error) {
      if (codeOf(error) !== 'ParameterAlreadyExists') {
        if (isAmbiguous(error)) lost++
        throw error
      }
      const there = lost > 0 ? await getParameter(clients, name) : undefined
      return there?.value === value ? { version: there.version } : undefined
    }
  }
  return retry(send, (error) => isThrottled(error) || (isAmbiguous(error) && lost <= mostLost), patience)
}

/**
 * Replaces a parameter's value and gives its new version. Tags stay as they were: AWS takes none together with an
 * overwrite.
 */
export async function overwriteParameter(
  clients: Clients,
  name: string,
  value: string,
  options: { secret?: boolean } = {},
): Promise<{ version: number }> {
  const Type = options.secret ? 'SecureString' : 'String'
  const { Version } = await (await clients.ssm()).putParameter({ Name: name, Value: value, Type, Tier: tier, Overwrite: true })
  return { version: Version! }
}

/** How long (s) a name is waited for that was deleted a moment ago: AWS asks for at least 30 s. */
const nameIsBack = { within: 60, signal: new AbortController().signal }

/**
 * Sets a parameter, whether it is there or not. A name that was deleted a moment ago is waited for: until it is free, a
 * create is told that it exists, and an overwrite that it is being changed.
 */
export async function setParameter(
  clients: Clients,
  name: string,
  value: string,
  options: { tags: Tags; secret?: boolean },
): Promise<void> {
  const created = await createParameter(clients, name, value, options)
  if (created) return
  const overwrite = () => overwriteParameter(clients, name, value, options)
  const { version } = await retry(overwrite, (error) => codeOf(error) === 'TooManyUpdates', nameIsBack)
  // It was not there after all, so this has made it; and an overwrite takes no tags.
  if (version === 1)
    await (await clients.ssm()).addTagsToResource({ ResourceType: 'Parameter', ResourceId: name, Tags: tagList(options.tags) })
}

/** A parameter without its value. */
export interface ParameterEntry {
  readonly name: string
  readonly version: number
  readonly modified: Date
}

/** Every parameter below a path, at any depth. */
export async function parametersBelow(clients: Clients, path: string): Promise<ParameterEntry[]> {
  const { paginateGetParametersByPath } = await import('@aws-sdk/client-ssm')
  const found = []
  // AWS gives at most 10 a page, and a page may be empty and still have a next one.
  for await (const page of paginateGetParametersByPath({ client: await clients.ssm() }, { Path: path, Recursive: true }))
    for (const { Name, Version, LastModifiedDate } of page.Parameters ?? [])
      found.push({ name: Name!, version: Version!, modified: LastModifiedDate! })
  return found
}

/** Deletes parameters; those that are gone already are no error. */
export async function deleteParameters(clients: Clients, names: readonly string[]): Promise<void> {
  const ssm = await clients.ssm()
  // The call takes at most 10 names.
  for (let start = 0; start < names.length; start += 10) await ssm.deleteParameters({ Names: names.slice(start, start + 10) })
}
