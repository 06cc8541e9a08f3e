import type { Clients } from '../aws/clients.ts'
import { createParameter, getParameter, overwriteParameter } from '../aws/parameters.ts'
import { parameterPath, type StageId, stageTags } from './names.ts'

/** One release that got the address, as it is remembered. */
export interface LedgerEntry {
  readonly release: number
  /** `provisioned`: a machine on which nothing was launched. */
  readonly outcome: 'serving' | 'provisioned'
  /** ISO 8601. */
  readonly at: string
  readonly by: string
  /** The commit that was deployed, where the folder is a git checkout. */
  readonly commit?: string
  /** Digest by image name. */
  readonly images: Readonly<Record<string, string>>
  /** Port by service name, of what is open to the outside. */
  readonly ports: Readonly<Record<string, number>>
  /** What the config asks for and this release does not have, each with its reason. */
  readonly missing: readonly string[]
  readonly seconds: Readonly<Record<string, number>>
}

function ledgerName(id: StageId): string {
  return `${parameterPath(id)}/ledger`
}

/**
 * The newest entry; undefined on a stage that was never deployed. The ledger is one parameter whose versions are the history: Parameter Store keeps the last 100.
 */
export async function lastEntry(clients: Clients, id: StageId): Promise<LedgerEntry | undefined> {
  const current = await getParameter(clients, ledgerName(id))
  return current && (JSON.parse(current.value) as LedgerEntry)
}

/** Adds an entry. Only the holder of the stage's lease may. */
export async function writeEntry(clients: Clients, id: StageId, entry: LedgerEntry): Promise<void> {
  const value = JSON.stringify(entry)
  const created = await createParameter(clients, ledgerName(id), value, { tags: stageTags(id, 'ledger') })
  if (!created) await overwriteParameter(clients, ledgerName(id), value)
}
