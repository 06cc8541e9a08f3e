import type { Clients } from '../aws/clients.ts'
import { createParameter, getParameter, overwriteParameter, parameterHistory } from '../aws/parameters.ts'
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

/** The ledger is one parameter; its versions are the history, of which Parameter Store keeps the last 100. */
function nameOf(id: StageId): string {
  return `${parameterPath(id)}/ledger`
}

/** The newest entries, in one call; after a failed run the history tells what serves. */
export async function readLedger(clients: Clients, id: StageId): Promise<Ledger> {
  const newest = await getParameter(clients, nameOf(id))
  if (!newest) return { last: undefined, current: undefined }
  const last = JSON.parse(newest.value) as LedgerEntry
  const current = last.outcome === 'failed' ? (await history(clients, id)).find(({ outcome }) => outcome !== 'failed') : last
  return { last, current }
}

/** Every entry that Parameter Store still has, the newest first. */
export async function history(clients: Clients, id: StageId): Promise<LedgerEntry[]> {
  return (await parameterHistory(clients, nameOf(id))).map((value) => JSON.parse(value) as LedgerEntry).reverse()
}

/** Adds an entry. Only the holder of the stage's lease may. */
export async function writeEntry(clients: Clients, id: StageId, entry: LedgerEntry): Promise<void> {
  const value = JSON.stringify(entry)
  const created = await createParameter(clients, nameOf(id), value, { tags: stageTags(id, 'ledger') })
  if (!created) await overwriteParameter(clients, nameOf(id), value)
}
