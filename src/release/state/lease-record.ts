import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from '../../aws/clients.ts'
import { explain, isAmbiguous } from '../../aws/errors.ts'
import { createParameter, deleteParameters, getParameter, overwriteParameter } from '../../aws/parameters.ts'
import { parameterPath, type StageId, stageTags } from '../stage/names.ts'
import type { LeaseOwner } from './lease-owner.ts'

/** What stands in the parameter of a lease. */
export interface LeaseRecord {
  readonly owner: LeaseOwner
  /** Tells this holding from every other one, also by the same owner. */
  readonly holding: string
  /** ISO 8601. The holder renews it long before; when it is past, the holder is gone. */
  readonly expires: string
}

/** Where a lease is kept. */
export function leaseName(id: StageId): string {
  return `${parameterPath(id)}/lease`
}

export function readRecord(value: string): LeaseRecord {
  return JSON.parse(value) as LeaseRecord
}

/** How many answers may be lost in a row before a try to take a lease is given up. */
const mostLost = 3

/** The version that was written, or who holds what was asked for. */
export type Taken = { readonly version: number } | { readonly holder: LeaseRecord }

/** One try to write `record` under `name`, also over an expired one: the version written, or who holds it. */
export async function take(clients: Clients, id: StageId, name: string, record: () => LeaseRecord, lost = 0): Promise<Taken> {
  const mine = record()
  let unclear: unknown
  const created = await createParameter(clients, name, JSON.stringify(mine), { tags: stageTags(id, 'lease') }).catch((error) => {
    // Whether it took effect is seen below. A server that fails again and again is not asked for ever.
    if (!isAmbiguous(error) || lost === mostLost) throw explain(error, 'Could not take the lock of the stage', `parameter ${name}`)
    unclear = error
  })
  if (created) return created
  const current = await getParameter(clients, name)
  // Given back just now, or the create never arrived: try again.
  if (!current) {
    if (unclear !== undefined) await sleep(200 * 2 ** lost)
    return take(clients, id, name, record, unclear === undefined ? lost : lost + 1)
  }
  const holder = readRecord(current.value)
  if (holder.holding === mine.holding) return current
  if (Date.parse(holder.expires) > Date.now()) return { holder }

  // Only one may replace an expired lease: whoever holds the lease on the take-over. That one can be orphaned as well,
  // and is then taken over in the same way.
  const takeover = `${name}/takeover`
  const takingOver = await take(clients, id, takeover, record)
  if ('holder' in takingOver) return takingOver
  try {
    const again = await getParameter(clients, name)
    if (!again) return await take(clients, id, name, record)
    if (readRecord(again.value).holding !== holder.holding) return { holder: readRecord(again.value) }
    return await overwriteParameter(clients, name, JSON.stringify(record()))
  } finally {
    await deleteParameters(clients, [takeover])
  }
}
