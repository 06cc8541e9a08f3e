import { gunzipSync, gzipSync } from 'node:zlib'
import type { Clients } from '../../aws/clients.ts'
import { getParameter, parameterVersions, setParameter } from '../../aws/parameters.ts'
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
  /** The commit that was deployed, where the folder is a git checkout (`commit.ts`). */
  readonly commit?: string
  /** Digest by image name; when the run failed, those that were built, if it got as far. */
  readonly images: Readonly<Record<string, string>>
  /**
   * The machine that it runs on, which an earlier release may have made, the machine image that this was made from, and
   * the version of its container engine once something was launched.
   * Absent where there is none, and in entries that were written before it was kept: there a release runs on the
   * machine that it made.
   */
  readonly machine?: { readonly id: string; readonly imageId: string; readonly engine?: string }
  /** The digest of its launch description (`launch-store.ts`), from which it can be launched again. */
  readonly launch?: string
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
  const last = parse(newest.value)
  const ended = last.outcome === 'serving' || last.outcome === 'provisioned'
  return { last, entries: ended ? [last] : await history(clients, id) }
}

/** The machine that the address leads to, and the release that made it, as its tag says. */
export interface Target {
  readonly instance: { readonly id: string }
  readonly madeBy: number
}

/** The newest release that got the address, by the entries of a ledger. */
export function currentOf(entries: readonly LedgerEntry[], target: Target | undefined): LedgerEntry | undefined {
  return settle(entries, target).find(({ outcome }) => outcome !== 'failed')
}

/** The release that runs on a machine: the newest that the ledger has there, or else the one that made it. */
export function runningOn(entries: readonly LedgerEntry[], target: Target): number {
  const there = entries.filter((entry) => isOn(entry, target))
  return currentOf(there, target)?.release ?? target.madeBy
}

/** Whether an entry is of what runs, or ran, on a machine. */
export function isOn({ machine, release }: LedgerEntry, target: Target): boolean {
  return machine ? machine.id === target.instance.id : release === target.madeBy
}

/**
 * The same entries, those of promotions that were cut off as what came of them: a run that was killed while it moved
 * the address could not write down how that ended, and where the address leads tells.
 */
export function settle(entries: readonly LedgerEntry[], target: Target | undefined): LedgerEntry[] {
  return entries.map((entry) => {
    if (entry.outcome !== 'promoting') return entry
    if (target && isOn(entry, target)) return { ...entry, outcome: 'serving' }
    return { ...entry, outcome: 'failed', error: entry.error ?? 'It was ended while its address moved.' }
  })
}

/**
 * Every release that Parameter Store still has an entry of, the newest first; of a release that has several, the last
 * one counts.
 */
export async function history(clients: Clients, id: StageId): Promise<LedgerEntry[]> {
  const entries = (await parameterVersions(clients, nameOf(id))).map(({ value }) => parse(value)).reverse()
  return entries.filter((entry, index) => entries.findIndex(({ release }) => release === entry.release) === index)
}

/** Adds an entry. Only the holder of the stage's lease may. */
export async function writeEntry(clients: Clients, id: StageId, entry: LedgerEntry): Promise<void> {
  await setParameter(clients, nameOf(id), render(entry), { tags: stageTags(id, 'ledger') })
}

/** What a parameter takes without being paid for, in bytes. */
const freeBytes = 4096

/**
 * An entry as text. One of a release with dozens of services, of which every image has a digest, is compressed beyond
 * what is free: 100 services with the longest names then still fit into the 8 KB that there can be. A shell reads it by
 * `base64 -d | gunzip`.
 */
function render(entry: LedgerEntry): string {
  const text = JSON.stringify(entry)
  return Buffer.byteLength(text) <= freeBytes ? text : gzipSync(text).toString('base64')
}

function parse(value: string): LedgerEntry {
  return JSON.parse(value.startsWith('{') ? value : gunzipSync(Buffer.from(value, 'base64')).toString()) as LedgerEntry
}
