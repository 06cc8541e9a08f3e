/** One record, as it was accepted. */
export interface StoredRecord {
  /** 1 for the first record of a store, and one more for each after that, without gaps. */
  readonly id: number
  /** JSON text, as it was sent. */
  readonly data: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly sourceIp: string
}

/** Records that are kept together or not at all. */
export interface Append {
  /** One JSON text a record, in the order in which they are kept. */
  readonly texts: readonly string[]
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly sourceIp: string
  /**
   * Where the client may send the same again and wants it kept once: a key of its choice, and a fingerprint of what it
   * stands for.
   */
  readonly claim?: { readonly key: string; readonly fingerprint: string } | undefined
  /**
   * They are written and taken back in the same transaction: what comes of it is what would have come, and nobody sees
   * them. It has no claim.
   */
  readonly dryRun?: boolean
}

/** What came of an append: its records are on the disk. */
export interface Kept {
  /** The id of the first; those of the others follow, one by one. */
  readonly first: number
  readonly count: number
  readonly timestamp: number
  /** Whether they had been kept before, under the same key: ids and timestamp are those of then. */
  readonly repeated: boolean
}

/** A part of all records, newest first. */
export interface Page {
  /** How many records there are in all. */
  readonly total: number
  /** Read while they are taken, so that a long list never stands in memory as a whole. */
  readonly records: Iterable<StoredRecord> | AsyncIterable<StoredRecord>
  /** How much of the records' data is read at once at most, in bytes. */
  readonly held: number
  /** Whether older ones follow. */
  readonly more: boolean
}

/** Where records are kept: a file beside the service, or a server. */
export interface Store {
  /**
   * Keeps records. Resolves when they are on the disk and not before; appends that arrive together share one sync.
   *
   * @throws StoreFullError, StoreUnavailableError, ClaimConflictError; of this append nothing is kept then, except that
   *   after a StoreUnavailableError nobody can tell
   */
  append(append: Append): Promise<Kept>
  get(id: number): Promise<StoredRecord | undefined>
  /**
   * @param limit how many records at most
   * @param before the id of a record: the page begins with the one that was kept before it. The newest where nothing is
   *   said.
   * @returns undefined when there is no record `before`
   */
  page(limit: number, before?: number): Promise<Page | undefined>
  /** Why records could not be kept at the moment, as a phrase; undefined when they could. */
  trouble(): Promise<string | undefined>
  /** Keeps what is waiting, then closes. */
  close(): Promise<void>
}

/** How long (s) a claim is remembered at least, as the service promises it to its clients. */
export const claimSeconds = 24 * 60 * 60

/** The disk, or the quota, has no room for another record. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError'
}

/** The server of the store cannot be reached. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
}

/** Other records have been kept under the same key. */
export class ClaimConflictError extends Error {
  override readonly name = 'ClaimConflictError'
}
