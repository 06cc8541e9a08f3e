import type { Clients } from '../aws/clients.ts'
import { createParameter, getParameters, overwriteParameter, parameterHistory } from '../aws/parameters.ts'
import { parameterPath, type StageId, stageTags } from './names.ts'

/** One run that made, or tried to make, a release. */
export interface LedgerEntry {
  readonly release: number
  /** `provisioned`: a machine on which nothing was launched. */
  readonly outcome: 'serving' | 'provisioned' | 'failed'
  /** ISO 8601. */
  readonly at: string
  readonly by: string
  /** The commit that was deployed, where the folder is a git checkout. */
  readonly commit?: string
  /** Digest by image name; those that were pushed, when the run failed. */
  readonly images: Readonly<Record<string, string>>
  /** Tells whether another deploy would launch the same (`fingerprint.ts`). */
  readonly fingerprint?: string
  /** What the config asks for and this release does not have, each as one sentence. */
  readonly missing: readonly string[]
  /** Seconds by phase. */
  readonly seconds: Readonly<Record<string, number>>
  /** Why it failed. */
  readonly error?: string
}

/** What a look needs of the ledger. */
export interface Ledger {
  /** The newest entry, whatever came of it. */
  readonly last: LedgerEntry | undefined
  /** The newest release that got the address. */
  readonly current: LedgerEntry | undefined
}

/**
 * The ledger is one parameter whose versions are the history, of which Parameter Store keeps the last 100; what the address leads to stands in a second one,
 * because a failed run must not hide it.
 */
function names(id: StageId) {
  return { ledger: `${parameterPath(id)}/ledger`, current: `${parameterPath(id)}/current` }
}

/** The newest entries, in one call. */
export async function readLedger(clients: Clients, id: StageId): Promise<Ledger> {
  const { ledger, current } = names(id)
  const found = await getParameters(clients, [ledger, current])
  const read = (name: string) => (found.has(name) ? (JSON.parse(found.get(name)!) as LedgerEntry) : undefined)
  return { last: read(ledger), current: read(current) }
}

/** Every entry that Parameter Store still has, the newest first. */
export async function history(clients: Clients, id: StageId): Promise<LedgerEntry[]> {
  return (await parameterHistory(clients, names(id).ledger)).map((value) => JSON.parse(value) as LedgerEntry).reverse()
}

/** Adds an entry. Only the holder of the stage's lease may. */
export async function writeEntry(clients: Clients, id: StageId, entry: LedgerEntry): Promise<void> {
  const { ledger, current } = names(id)
  const value = JSON.stringify(entry)
  await Promise.all((entry.outcome === 'failed' ? [ledger] : [ledger, current]).map((name) => put(clients, id, name, value)))
}

async function put(clients: Clients, id: StageId, name: string, value: string): Promise<void> {
  const created = await createParameter(clients, name, value, { tags: stageTags(id, 'ledger') })
  if (!created) await overwriteParameter(clients, name, value)
}
