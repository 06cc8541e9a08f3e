import { createHash } from 'node:crypto'
import { ApiError } from '../cloud.ts'

/** A digest of what a call asks for, to tell a repetition from another call with the same token. */
export function digestOf(asked: unknown): string {
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex')
}

/**
 * What an earlier call with this client token has made; nothing where there was none, or the call has no token.
 * @throws ApiError IdempotentParameterMismatch where it asked for something else
 */
export function madeBefore<Made extends { ClientToken?: string; Asked?: string }>(
  all: readonly Made[],
  token: string | undefined,
  asked: string,
): Made[] {
  const made = token ? all.filter(({ ClientToken }) => ClientToken === token) : []
  if (made.every(({ Asked }) => Asked === asked)) return made
  throw new ApiError('IdempotentParameterMismatch', `The client token ${token} was used with other parameters.`)
}
