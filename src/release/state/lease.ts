import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from '../../aws/clients.ts'
import { isAmbiguous, isThrottled } from '../../aws/errors.ts'
import { deleteParameters } from '../../aws/parameters.ts'
import { retry } from '../../aws/retry.ts'
import { exit, Failure } from '../../report/failure.ts'
import type { StageId } from '../stage/names.ts'
import { isGone, type LeaseOwner, ownerName } from './lease-owner.ts'
import { type LeaseRecord, leaseName, readLease, take, writeAfter } from './lease-record.ts'

/** The lock of a stage, while it is held. */
export interface Lease {
  /**
   * Aborts, with a Failure as its reason, as soon as the lease may belong to someone else. Nothing may be changed after
   * that.
   */
  readonly signal: AbortSignal
  /** The stage is gone: giving the lease back removes its parameter, and these in the same call. */
  takeAlong(names: readonly string[]): void
  release(): Promise<void>
}

/** How a lease is waited for. */
export interface LeaseWait {
  readonly signal: AbortSignal
  /** Told what is waited for. */
  readonly waiting: (detail: string) => void
}

/**
 * Takes the lease of a stage: atomic, because every write of a parameter gets a number and a record counts only where
 * it follows what its writer had seen. It is renewed at a third of its life. A lease whose holder was killed can be
 * taken over after its expiry, never before; when the holder was a process of this machine that is gone, that moment
 * is waited for.
 * @param seconds how long a lease lives without renewal
 * @throws Failure (exit 6) that names the holder
 */
export async function takeLease(clients: Clients, id: StageId, owner: LeaseOwner, seconds: number, options: LeaseWait): Promise<Lease> {
  const record = (): LeaseRecord => ({ owner, holding, expires: new Date(Date.now() + seconds * 1000).toISOString() })
  const holding = randomUUID()
  const now = clock()
  let asked = now()
  const asking = () => {
    asked = now()
    return record()
  }
  let version = await takeWhenFree(clients, id, asking, options)
  // Measured by this process's own clock, from before the call was sent: others may see the lease end later than we do,
  // never earlier.
  let validUntil = asked + seconds * 1000

  const lost = new AbortController()
  const ended = new AbortController()
  /** Who stood still gets the time to look whether anybody has taken the lease. */
  let lookingUntil = 0
  /** The newest version, as long as the record that counts is this holding's. */
  const newestOfMine = async (): Promise<number> => {
    const current = await readLease(clients, id)
    if (current.record?.holding === holding) return current.version
    throw lostTo(id, current.record?.expires || current.record?.held ? current.record.owner : undefined)
  }
  const renew = async () => {
    // Whoever stood still beyond the end of the lease looks first: the parameter may be another one by now.
    if (now() >= validUntil) version = await newestOfMine()
    for (;;) {
      const sent = now()
      const renewed = await writeAfter(clients, id, version, record())
      if (renewed !== undefined) {
        version = renewed
        validUntil = sent + seconds * 1000
        return
      }
      // Somebody wrote in between. What was written to no avail by one who came too late does no harm.
      version = await newestOfMine()
    }
  }
  const renewing = (async () => {
    for (let pause = seconds / 3; !ended.signal.aborted; ) {
      await sleep(pause * 1000, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)
      if (ended.signal.aborted || lost.signal.aborted) return
      try {
        await renew()
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
    if (tick - lastTick > tickMs + Math.min(stoodStill, (seconds * 1000) / 3)) lookingUntil = tick + takingUpAgain * 1000
    lastTick = tick
    if (tick >= validUntil && tick >= lookingUntil) lost.abort(lostTo(id, undefined))
  }, tickMs)
  expiry.unref()

  let along: readonly string[] | undefined
  return {
    signal: lost.signal,
    takeAlong(names) {
      along = [...(along ?? []), ...names]
    },
    async release() {
      ended.abort()
      clearInterval(expiry)
      await renewing
      // While the lease is valid by our own clock nobody else can have taken it, so there is no need to ask whose it
      // is.
      let certain = !lost.signal.aborted && now() < validUntil - 1000
      const giveBack = async () => {
        if (!certain) {
          const current = await readLease(clients, id)
          if (current.record?.holding !== holding || !current.record.expires) return
          version = current.version
        }
        certain = false
        // Sent once: after a lost answer the name may be somebody else's already, which a repetition by the SDK would
        // delete.
        if (along) return deleteParameters(clients.once, [...along, leaseName(id)])
        if ((await writeAfter(clients, id, version, { owner, holding })) === undefined) await giveBack()
      }
      await retry(giveBack, (error) => isAmbiguous(error) || isThrottled(error), { within: seconds, signal: new AbortController().signal })
    },
  }
}

/**
 * Writes a record as soon as nobody has the stage. Only a process of this machine that is gone is waited for.
 * @returns its version
 * @throws Failure (exit 6) that says who has the stage, and how it gets free
 */
export async function takeWhenFree(clients: Clients, id: StageId, record: () => LeaseRecord, options: LeaseWait): Promise<number> {
  for (;;) {
    const taken = await take(clients, id, record, options)
    if ('version' in taken) return taken.version
    const { owner, held, expires } = taken.holder
    if (held || !expires || !isGone(owner)) throw locked(id, taken.holder)
    const wait = Math.max(0, Date.parse(expires) - Date.now())
    options.waiting(`the process of ${ownerName(owner)} is gone; its lock ends in ${Math.ceil(wait / 1000)} s`)
    await sleep(wait + 50, undefined, { signal: options.signal })
  }
}

/** How often (ms) the clock is looked at. */
const tickMs = 250

/**
 * A timer that comes later than this (ms) was held up by more than a busy moment: the process, or the machine, stood
 * still.
 */
const stoodStill = 1000

/** How long (s) an expired lease may take to be taken up again; a network that is cut off does not answer at all. */
const takingUpAgain = 5

/**
 * Milliseconds that never go back, and that go on while this machine sleeps, which the process's own clock does not do
 * everywhere.
 */
function clock(): () => number {
  const start = Date.now() - performance.now()
  return () => Math.max(performance.now(), Date.now() - start)
}

/** The refusal of whoever finds the stage taken. */
export function locked(id: StageId, { owner, held, expires }: LeaseRecord): Failure {
  if (held)
    return new Failure(`The stage is held by ${ownerName(owner)} since ${held.since}: ${held.reason}`, {
      on: `stage ${id.stage} of ${id.app}`,
      likely: 'It is to stay as it is until somebody lifts this.',
      next: `npx zx scripts/lock.mjs release --stage ${id.stage}`,
      code: exit.locked,
    })
  const seconds = Math.max(1, Math.ceil((Date.parse(expires ?? '') - Date.now()) / 1000))
  return new Failure(`The stage is locked by ${ownerName(owner)}`, {
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
