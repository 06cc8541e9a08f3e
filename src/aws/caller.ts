import type { Clients } from './clients.ts'

/** Whose credentials the clients have. */
export interface CallerIdentity {
  /** Twelve digits. */
  readonly account: string
  readonly arn: string
}

/** Asks STS who is calling, which takes no permission; once, as the credentials of clients stay the same. */
export function callerOf(clients: Clients): Promise<CallerIdentity> {
  const asking = asked.get(clients) ?? ask(clients)
  asked.set(clients, asking)
  return asking
}

const asked = new WeakMap<Clients, Promise<CallerIdentity>>()

async function ask(clients: Clients): Promise<CallerIdentity> {
  const { Account, Arn } = await (await clients.sts()).getCallerIdentity({})
  return { account: Account!, arn: Arn! }
}
