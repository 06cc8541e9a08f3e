import { randomUUID } from 'node:crypto'
import type { Clients } from '../../aws/clients.ts'
import { explain } from '../../aws/errors.ts'
import { exit, Failure } from '../../report/failure.ts'
import type { StageId } from '../stage/names.ts'
import { type LeaseWait, locked, takeWhenFree } from './lease.ts'
import { type LeaseOwner, ownerName, thisOwner } from './lease-owner.ts'
import { keepsAway, leaseName, readLease, writeAfter } from './lease-record.ts'

/** Who has a stage at the moment: a run, or somebody who wants it to stay as it is. */
export interface Lock {
  /** `ann@laptop (deploy)`. */
  readonly by: string
  /** ISO 8601: when the lock of a run ends unless it is renewed. */
  readonly expires?: string
  /** Why, and since when (ISO 8601), the stage is held on purpose: until it is released. */
  readonly held?: { readonly reason: string; readonly since: string }
}

/** A lock that has no end of its own. */
export interface Hold extends Lock {
  readonly held: NonNullable<Lock['held']>
}

/** Who has the stage at the moment; undefined when nobody does. */
export async function lockOf(clients: Clients, id: StageId): Promise<Lock | undefined> {
  const { record } = await readLease(clients, id)
  if (!record || !keepsAway(record)) return undefined
  const { owner, expires, held } = record
  return { by: ownerName(owner), ...(expires && { expires }), ...(held && { held }) }
}

const verbs = ['show', 'hold', 'release']
/** Parameter Store keeps 4 KB for nothing; a reason is a sentence. */
const longestReason = 500

/**
 * Refuses what `scripts/lock.mjs` cannot do, before anything is touched.
 * @throws Failure (usage)
 */
export function refuseLockVerb(verb: string, reason: unknown): void {
  const next = "npx zx scripts/lock.mjs hold --reason 'Why it is to stay as it is'"
  const refuse = (message: string) => new Failure(message, { on: 'lock', next, code: exit.usage })
  if (!verbs.includes(verb)) throw refuse(`There is no verb "${verb}" of lock; there is ${verbs.join(', ')}`)
  if (verb !== 'hold') {
    if (reason !== undefined) throw refuse(`"lock ${verb}" takes no reason`)
    return
  }
  const text = String(reason ?? '').trim()
  if (text === '') throw refuse('A hold needs a reason, which everybody is told who finds the stage locked')
  if (text.includes('{{')) throw refuse('The reason contains "{{", which Parameter Store does not keep')
  if (text.length > longestReason) throw refuse(`The reason has ${text.length} characters; ${longestReason} are kept`)
}

/**
 * Freezes a stage on purpose: nothing changes it until somebody releases it. This has no end of its own.
 * @throws Failure (exit 6) when somebody has the stage
 */
export async function holdStage(clients: Clients, id: StageId, reason: string, wait: LeaseWait, owner = thisOwner('lock')): Promise<Lock> {
  const held = { reason: reason.trim(), since: new Date().toISOString() }
  const holding = randomUUID()
  await takeWhenFree(clients, id, () => ({ owner, holding, held }), wait)
  return { by: ownerName(owner), held }
}

/**
 * Lifts a hold, whoever has put it there.
 * @returns what was lifted; undefined when the stage was free
 * @throws Failure (exit 6) while a run is under way: its lock ends with it
 */
export async function releaseHold(clients: Clients, id: StageId, owner: LeaseOwner = thisOwner('lock')): Promise<Hold | undefined> {
  try {
    for (;;) {
      const { version, record } = await readLease(clients, id)
      if (!record || !keepsAway(record)) return undefined
      if (!record.held) throw locked(id, record)
      const released = await writeAfter(clients, id, version, { owner, holding: randomUUID() })
      if (released !== undefined) return { by: ownerName(record.owner), held: record.held }
    }
  } catch (error) {
    throw explain(error, 'Could not release the stage', `parameter ${leaseName(id)}`)
  }
}
