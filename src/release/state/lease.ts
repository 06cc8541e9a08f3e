import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from '../../aws/clients.ts'
import { isAmbiguous, isThrottled } from '../../aws/errors.ts'
import { deleteParameters, getParameter, overwriteParameter } from '../../aws/parameters.ts'
import { retry } from '../../aws/retry.ts'
import { exit, Failure } from '../../report/failure.ts'
import type { StageId } from '../stage/names.ts'
import { isGone, type LeaseOwner, ownerName } from './lease-owner.ts'
import { type LeaseRecord, leaseName, readRecord, take } from './lease-record.ts'

/** The lock of a stage, while it is held. */
export interface Lease {
  /**
   * Aborts, with a Failure as its reason, as soon as the lease may belong to someone else. Nothing may be changed after
   * that.
   */
  readonly signal: AbortSignal
  /** Names parameters that go in the same call as the lease, when it is given back. */
  takeAlong(names: readonly string[]): void
  release(): Promise<void>
}

/**
 * Takes the lease of a stage: atomic, because Parameter Store creates a name once. It is renewed at a third of its
 * life. A lease whose holder was killed can be taken over after its expiry, never before; when the holder was a process
 * of this machine that is gone, that moment is waited for.
 * @param seconds how long a lease lives without renewal
 * @throws Failure (exit 6) that names the holder
 */
export async function takeLease(
  clients: Clients,
  id: StageId,
  owner: LeaseOwner,
  seconds: number,
  options: { signal: AbortSignal; waiting: (detail: string) => void },
): Promise<Lease> {
  const name = leaseName(id)
  const record = (): LeaseRecord => ({ owner, holding, expires: new Date(Date.now() + seconds * 1000).toISOString() })
  const holding = randomUUID()
  const now = clock()
  let asked = now()
  let taken = await take(clients, id, name, record)
  while ('holder' in taken) {
    const { holder } = taken
    if (!isGone(holder.owner)) throw locked(id, holder)
    const wait = Math.max(0, Date.parse(holder.expires) - Date.now())
    options.waiting(`the process of ${ownerName(holder.owner)} is gone; its lock ends in ${Math.ceil(wait / 1000)} s`)
    await sleep(wait + 50, undefined, { signal: options.signal })
    asked = now()
    taken = await take(clients, id, name, record)
  }
  // Measured by this process's own clock, from before the call was sent: others may see the lease end later than we do,
  // never earlier.
  let validUntil = asked + seconds * 1000

  const lost = new AbortController()
  const ended = new AbortController()
  /** Who stood still gets the time to look whether anybody has taken the lease. */
  let lookingUntil = 0
  const renew = async () => {
    const sent = now()
    const current = await getParameter(clients, name)
    if (!current || readRecord(current.value).holding !== holding) throw lostTo(id, current && readRecord(current.value).owner)
    // Sent once: a repetition by the SDK after a lost answer would count as a version in between.
    const renewed = await overwriteParameter(clients.once, name, JSON.stringify(record()))
    // A version in between: someone wrote while we did, so both of us may believe to hold it.
    if (renewed.version !== current.version + 1) throw lostTo(id, undefined)
    validUntil = sent + seconds * 1000
  }
  const renewing = (async () => {
    for (let pause = seconds / 3; !ended.signal.aborted; ) {
      await sleep(pause * 1000, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)
      if (ended.signal.aborted || lost.signal.aborted) return
      try {
        if (now() < validUntil) await renew()
        else validUntil = await takeUpAgain(clients, id, { holding, record, now, seconds })
        pause = seconds / 3
      } catch (error) {
        pause = seconds / 15
        if (!(error instanceof Failure) && now() < Math.max(validUntil, lookingUntil)) continue
        lost.abort(error instanceof Failure ? error : lostTo(id, undefined))
        return
      }
    }
  })()

  // A call that hangs must not hide that the lease is over.
  let lastTick = now()
  const expiry = setInterval(() => {
    const tick = now()
    if (tick - lastTick > Math.min(stoodStill, (seconds * 1000) / 3)) lookingUntil = tick + takingUpAgain * 1000
    lastTick = tick
    if (tick >= validUntil && tick >= lookingUntil) lost.abort(lostTo(id, undefined))
  }, 250)
  expiry.unref()

  const along: string[] = []
  return {
    signal: lost.signal,
    takeAlong(names) {
      along.push(...names)
    },
    async release() {
      ended.abort()
      clearInterval(expiry)
      await renewing
      // While the lease is valid by our own clock nobody else can have taken it, so there is no need to ask whose it
      // is.
      let certain = !lost.signal.aborted && now() < validUntil - 1000
      const giveBack = async () => {
        const current = certain ? undefined : await getParameter(clients, name)
        const mine = certain || (current !== undefined && readRecord(current.value).holding === holding)
        certain = false
        // Sent once: after a lost answer the lease may be somebody else's already, which a repetition by the SDK would
        // delete.
        if (mine) await deleteParameters(clients.once, [...along, name])
      }
      await retry(giveBack, (error) => isAmbiguous(error) || isThrottled(error), { within: seconds, signal: new AbortController().signal })
    },
  }
}

/**
 * A timer that comes later than this (ms) was held up by more than a busy moment: the process, or the machine, stood
 * still.
 */
const stoodStill = 1000

/** How long (s) an expired lease may take to be taken up again; a network that is cut off does not answer at all. */
const takingUpAgain = 5

/**
 * Takes up a lease that has expired because its holder stood still: a machine that slept, or has too much to do. That
 * is safe where nobody has taken it meanwhile, and only whoever holds the lease on the take-over may write an expired
 * one.
 * @returns until when it is valid then, by the holder's clock
 * @throws Failure when it is somebody else's, or is being taken over
 */
async function takeUpAgain(
  clients: Clients,
  id: StageId,
  { holding, record, now, seconds }: { holding: string; record: () => LeaseRecord; now: () => number; seconds: number },
): Promise<number> {
  const name = leaseName(id)
  const takingOver = await take(clients, id, `${name}/takeover`, record)
  if ('holder' in takingOver) throw lostTo(id, takingOver.holder.owner)
  try {
    const current = await getParameter(clients, name)
    if (!current || readRecord(current.value).holding !== holding) throw lostTo(id, current && readRecord(current.value).owner)
    const sent = now()
    await overwriteParameter(clients, name, JSON.stringify(record()))
    return sent + seconds * 1000
  } finally {
    await deleteParameters(clients, [`${name}/takeover`])
  }
}

/**
 * Milliseconds that never go back, and that go on while this machine sleeps, which the process's own clock does not do
 * everywhere.
 */
function clock(): () => number {
  const start = Date.now() - performance.now()
  return () => Math.max(performance.now(), Date.now() - start)
}

/** Who holds the stage at the moment, in words; undefined when nobody does. */
export async function leaseHolder(clients: Clients, id: StageId): Promise<string | undefined> {
  const current = await getParameter(clients, leaseName(id))
  if (!current) return undefined
  const { owner, expires } = readRecord(current.value)
  return Date.parse(expires) > Date.now() ? ownerName(owner) : undefined
}

function locked(id: StageId, holder: LeaseRecord): Failure {
  const seconds = Math.max(1, Math.ceil((Date.parse(holder.expires) - Date.now()) / 1000))
  return new Failure(`The stage is locked by ${ownerName(holder.owner)}`, {
    on: `stage ${id.stage} of ${id.app}`,
    likely: `Another run is under way. If its process was killed, the lock ends by itself in ${seconds} s.`,
    next: `npx zx scripts/status.mjs --stage ${id.stage}`,
    code: exit.locked,
  })
}

function lostTo(id: StageId, owner: LeaseOwner | undefined): Failure {
  return new Failure(
    `The lock of the stage was lost${owner ? ` to ${ownerName(owner)}` : ''}; this run stops here and changes nothing more`,
    {
      on: `stage ${id.stage} of ${id.app}`,
      likely: 'This machine slept or was cut off from AWS for longer than the lock lives.',
      next: `npx zx scripts/status.mjs --stage ${id.stage}`,
      code: exit.locked,
    },
  )
}
