import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from '../../aws/clients.ts'
import { codeOf, explain, isAmbiguous, isThrottled } from '../../aws/errors.ts'
import { createParameter, getParameter, overwriteParameter, parameterVersions } from '../../aws/parameters.ts'
import { Failure } from '../../report/failure.ts'
import { parameterPath, type StageId, stageTags } from '../stage/names.ts'
import type { LeaseOwner } from './lease-owner.ts'

/** What stands in the parameter of a lease. */
export interface LeaseRecord {
  readonly owner: LeaseOwner
  /** Tells this holding from every other one, also by the same owner. */
  readonly holding: string
  /**
   * The version that its writer had seen. The record counts only where its own version is the next: Parameter Store
   * numbers every write and overwrites unconditionally, so whoever comes second learns it from the number. Absent in
   * records of earlier versions of this project, which always count.
   */
  readonly after?: number
  /**
   * ISO 8601. The holder renews it long before; when it is past, the holder is gone. Absent where the stage is free, or
   * held on purpose.
   */
  readonly expires?: string
  /** Why somebody wants the stage to stay as it is, and since when (ISO 8601), until somebody says otherwise. */
  readonly held?: { readonly reason: string; readonly since: string }
}

/** A lease as it is: the newest version there is, and the record that counts. 0: there is no parameter. */
export interface LeaseState {
  readonly version: number
  readonly record?: LeaseRecord
}

/** Where a lease is kept. */
export function leaseName(id: StageId): string {
  return `${parameterPath(id)}/lease`
}

/** Whether a record keeps others away at this moment. */
export function keepsAway({ expires, held }: LeaseRecord): boolean {
  return held !== undefined || (expires !== undefined && Date.parse(expires) > Date.now())
}

/**
 * Looks at the lease. Only after a race, whose losers have left records that do not count, this takes a second call.
 */
export async function readLease(clients: Clients, id: StageId): Promise<LeaseState> {
  const current = await getParameter(clients, leaseName(id))
  if (!current) return { version: 0 }
  if (counts(current)) return { version: current.version, record: parse(current.value) }
  const versions = await parameterVersions(clients, leaseName(id))
  const newest = versions.at(-1) ?? current
  const valid = versions.findLast(counts)
  return { version: newest.version, ...(valid && { record: parse(valid.value) }) }
}

function parse(value: string): LeaseRecord {
  return JSON.parse(value) as LeaseRecord
}

function counts({ value, version }: { value: string; version: number }): boolean {
  const { after = version - 1 } = parse(value)
  return after === version - 1
}

/** How many answers may be lost in a row before a write is given up. */
const mostLost = 3

/**
 * Writes a record that counts only when it directly follows what was seen.
 * @param seen the newest version that was there, 0 for none
 * @returns its version; undefined when somebody else was first, or the name is not given out at the moment
 */
export async function writeAfter(clients: Clients, id: StageId, seen: number, record: LeaseRecord): Promise<number | undefined> {
  const value = JSON.stringify({ ...record, after: seen })
  for (let lost = 0; ; lost++) {
    try {
      // Sent once: a repetition by the SDK after a lost answer would be told the number of its second try.
      const { version } =
        (seen === 0
          ? await createParameter(clients, leaseName(id), value, { tags: stageTags(id, 'lease') })
          : await overwriteParameter(clients.once, leaseName(id), value)) ?? {}
      return version === seen + 1 ? version : undefined
    } catch (error) {
      if (codeOf(error) === 'TooManyUpdates') return undefined
      if ((!isAmbiguous(error) && !isThrottled(error)) || lost === mostLost) throw error
      const there = isAmbiguous(error) ? await readLease(clients, id) : undefined
      if (there?.record?.holding === record.holding && there.record.after === seen) return there.version
      if (there && there.version > seen) return undefined
      await sleep(pause(200 * 2 ** lost))
    }
  }
}

/**
 * Takes the lease where it is free, and says by whose record it is not.
 * @param record what is written, made anew for every try
 * @param waiting told why a try is repeated
 */
export async function take(
  clients: Clients,
  id: StageId,
  record: () => LeaseRecord,
  { signal, waiting }: { signal: AbortSignal; waiting: (detail: string) => void },
): Promise<{ readonly version: number } | { readonly holder: LeaseRecord }> {
  const giveUp = Date.now() + nameIsBack * 1000
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted()
    try {
      const seen = await readLease(clients, id)
      if (seen.record && keepsAway(seen.record)) return { holder: seen.record }
      const version = await writeAfter(clients, id, seen.version, record())
      if (version !== undefined) return { version }
      // Who was first is seen in the next look. Where nobody was, the name was given up a moment ago.
      if (tries > 0 && seen.version === 0) {
        if (Date.now() > giveUp) throw nameless(id)
        waiting('the stage was destroyed a moment ago, and Parameter Store gives a name out again after 30 s')
      }
    } catch (error) {
      throw explain(error, 'Could not take the lock of the stage', `parameter ${leaseName(id)}`)
    }
    await sleep(pause(Math.min(2000, 150 * 1.5 ** tries)), undefined, { signal })
  }
}

/**
 * How long (s) a name that was deleted may be refused. Parameter Store asks to wait "at least 30 seconds"
 * (DeleteParameter in its API reference).
 */
const nameIsBack = 90

function nameless(id: StageId): Failure {
  return new Failure(`Parameter Store has not given out the name of the lock for ${nameIsBack} s`, {
    on: `parameter ${leaseName(id)}`,
    likely: 'The stage was destroyed a moment ago, or something else keeps making and removing this parameter.',
    next: `npx zx scripts/status.mjs --stage ${id.stage}`,
  })
}

/** A pause (ms) of about this length: those who wait for the same thing do not come back at the same moment. */
function pause(ms: number): number {
  return ms * (0.5 + Math.random())
}
