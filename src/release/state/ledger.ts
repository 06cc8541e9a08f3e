import type { Clients } from '../../aws/clients.ts'
import { createParameter, getParameter, overwriteParameter, parameterHistory } from '../../aws/parameters.ts'
import { parameterPath, type StageId, stageTags } from '../stage/names.ts'

/** One run that made, or tried to make, a release. */
export interface LedgerEntry {
  readonly release: number
  /**
   * `provisioned`: a machine on which nothing was launched. `promoting`: written before the address moves; a run that
   * is killed then leaves it.
   */
  readonly outcome: 'serving' | 'provisioned' | 'promoting' | 'failed'
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
  /** All that may say what serves, the newest first. */
  readonly entries: readonly LedgerEntry[]
}

/** The ledger is one parameter; its versions are the history, of which Parameter Store keeps the last 100. */
function nameOf(id: StageId): string {
  return `${parameterPath(id)}/ledger`
}

/** The newest entry, in one call; after a run that did not end well the history tells what serves. */
export async function readLedger(clients: Clients, id: StageId): Promise<Ledger> {
  const newest = await getParameter(clients, nameOf(id))
  if (!newest) return { last: undefined, entries: [] }
  const last = JSON.parse(newest.value) as LedgerEntry
  const ended = last.outcome === 'serving' || last.outcome === 'provisioned'
  return { last, entries: ended ? [last] : await history(clients, id) }
}

/**
 * The newest release that got the address, by the entries of a ledger. A run that was killed while it moved the address
 * could not write down how that ended: where the address leads tells.
 * @param serving the release that the address leads to
 */
export function currentOf(entries: readonly LedgerEntry[], serving: number | undefined): LedgerEntry | undefined {
  return settle(entries, serving).find(({ outcome }) => outcome !== 'failed')
}

/** The same entries, those of promotions that were cut off as what came of them. */
export function settle(entries: readonly LedgerEntry[], serving: number | undefined): LedgerEntry[] {
  return entries.map((entry) => {
    if (entry.outcome !== 'promoting') return entry
    if (entry.release === serving) return { ...entry, outcome: 'serving' }
    return { ...entry, outcome: 'failed', error: entry.error ?? 'It was ended while its address moved.' }
  })
}

/**
 * Every release that Parameter Store still has an entry of, the newest first; of a release that has several, the last
 * one counts.
 */
export async function history(clients: Clients, id: StageId): Promise<LedgerEntry[]> {
  const entries = (await parameterHistory(clients, nameOf(id))).map((value) => JSON.parse(value) as LedgerEntry).reverse()
  return entries.filter((entry, index) => entries.findIndex(({ release }) => release === entry.release) === index)
}

/** Adds an entry. Only the holder of the stage's lease may. */
export async function writeEntry(clients: Clients, id: StageId, entry: LedgerEntry): Promise<void> {
  const value = JSON.stringify(entry)
  const created = await createParameter(clients, nameOf(id), value, { tags: stageTags(id, 'ledger') })
  if (!created) await overwriteParameter(clients, nameOf(id), value)
}
