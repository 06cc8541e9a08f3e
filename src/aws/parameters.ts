import type { Clients } from './clients.ts'
import { codeOf } from './errors.ts'
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
 * Creates a parameter. undefined when it exists already: Parameter Store decides that atomically, which is what makes it fit for locks. The call is sent
 * once, because a repetition after a lost answer would be told "exists" by its own first try.
 */
export async function createParameter(
  clients: Clients,
  name: string,
  value: string,
  options: { tags: Tags; secret?: boolean },
): Promise<{ version: number } | undefined> {
  try {
    const { Version } = await (await clients.once.ssm()).putParameter({
      Name: name,
      Value: value,
      Type: options.secret ? 'SecureString' : 'String',
      Overwrite: false,
      Tags: tagList(options.tags),
    })
    return { version: Version! }
  } catch (error) {
    if (codeOf(error) === 'ParameterAlreadyExists') return undefined
    throw error
  }
}

/** Replaces a parameter's value and gives its new version. Tags stay as they were: AWS takes none together with an overwrite. */
export async function overwriteParameter(clients: Clients, name: string, value: string): Promise<{ version: number }> {
  const { Version } = await (await clients.ssm()).putParameter({ Name: name, Value: value, Type: 'String', Overwrite: true })
  return { version: Version! }
}

/** Every name below a path. */
export async function parameterNames(clients: Clients, path: string): Promise<string[]> {
  const { paginateGetParametersByPath } = await import('@aws-sdk/client-ssm')
  const names = []
  // AWS gives at most 10 a page, and a page may be empty and still have a next one.
  for await (const page of paginateGetParametersByPath({ client: await clients.ssm() }, { Path: path, Recursive: true }))
    names.push(...(page.Parameters ?? []).map((parameter) => parameter.Name!))
  return names
}

/** Deletes parameters; those that are gone already are no error. */
export async function deleteParameters(clients: Clients, names: readonly string[]): Promise<void> {
  const ssm = await clients.ssm()
  // The call takes at most 10 names.
  for (let start = 0; start < names.length; start += 10) await ssm.deleteParameters({ Names: names.slice(start, start + 10) })
}
