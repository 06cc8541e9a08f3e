import type { Clients } from './clients.ts'

/** Whose credentials the clients have. */
export interface CallerIdentity {
  /** Twelve digits. */
  readonly account: string
  readonly arn: string
}

/** Asks STS who is calling, which takes no permission. */
export async function callerOf(clients: Clients): Promise<CallerIdentity> {
  const { Account, Arn } = await (await clients.sts()).getCallerIdentity({})
  return { account: Account!, arn: Arn! }
}
