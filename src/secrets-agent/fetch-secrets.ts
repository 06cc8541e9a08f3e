import { chmod, chown, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { SSM } from '@aws-sdk/client-ssm'
import type { SecretRequest } from './secret-request.ts'

/**
 * As `fetchSecrets`, as soon as AWS is reached: a machine that has just booted may have no way out, or no credentials,
 * for a while. What AWS refuses is thrown at once.
 * @param tell hears why it has to be tried again
 */
export async function fetchWhenReached(
  ssm: Pick<SSM, 'getParameters'>,
  requests: readonly SecretRequest[],
  folder: string,
  tell: (message: string) => void,
  pauseMs = 1000,
): Promise<void> {
  for (;;) {
    try {
      return await fetchSecrets(ssm, requests, folder)
    } catch (error) {
      if (!isUnreached(error as SdkError)) throw error
      tell(`${(error as Error).name}: ${(error as Error).message}: trying again`)
      await setTimeout(pauseMs)
    }
  }
}

const noConnection = ['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT']

interface SdkError extends Error {
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** Whether no answer of AWS's came: the connection failed, or there were no credentials to sign a call with. */
function isUnreached({ name, code, $metadata }: SdkError): boolean {
  if ($metadata?.httpStatusCode !== undefined) return false
  return name === 'TimeoutError' || name === 'CredentialsProviderError' || noConnection.includes(code ?? '')
}

/**
 * Fetches every secret and writes it to `folder`/CONTAINER/NAME, readable by that container's user alone. A file is
 * there whole or not at all.
 * @throws Error that names the parameters which could not be read; never a value
 */
export async function fetchSecrets(ssm: Pick<SSM, 'getParameters'>, requests: readonly SecretRequest[], folder: string): Promise<void> {
  const values = await fetchAll(ssm, [...new Set(requests.map(({ parameter }) => parameter))])
  for (const { container, name, uid, parameter } of requests) {
    const file = join(folder, container, name)
    await mkdir(join(folder, container), { recursive: true })
    await writeFile(`${file}.new`, values.get(parameter)!, { mode: 0o400 })
    await chmod(`${file}.new`, 0o400)
    // Only root can give a file away. Where this is not root, everything runs as the same user and there is nobody to
    // give it to.
    if (process.getuid?.() === 0) await chown(`${file}.new`, uid, uid)
    await rename(`${file}.new`, file)
  }
}

async function fetchAll(ssm: Pick<SSM, 'getParameters'>, names: readonly string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>()
  // The call takes at most 10 names.
  for (let start = 0; start < names.length; start += 10) {
    const { Parameters = [] } = await ssm.getParameters({ Names: names.slice(start, start + 10), WithDecryption: true })
    for (const { Name, Value } of Parameters) values.set(Name!, Value!)
  }
  const missing = names.filter((name) => !values.has(name))
  if (missing.length > 0) throw new Error(`there is no secret at ${missing.join(', ')}`)
  return values
}
