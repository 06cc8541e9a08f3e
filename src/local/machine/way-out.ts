import { setTimeout as sleep } from 'node:timers/promises'
import type { Caller, Cloud } from '../cloud.ts'
import { agentReconnectMs } from '../delays.ts'
import { publicAddress, sharesLoopback } from '../ec2/instances/public-address.ts'
import type { Instance } from '../records.ts'
import { instanceFolder } from './folder.ts'
import { sourceAddress } from './routes.ts'

/**
 * The public address from which an instance reaches the internet, and so AWS: that of the private address that it sends
 * from, which is its primary one unless its default route says otherwise. undefined: it reaches nothing.
 */
export function wayOut({ store, folder }: Pick<Cloud, 'store' | 'folder'>, instance: Instance): string | undefined {
  if (sharesLoopback(instance)) return instance.PrivateIpAddress
  return publicAddress(store, instance, sourceAddress(instanceFolder(folder, instance.InstanceId)))
}

/** Whether a caller is an instance whose packets do not get here. */
export function isCutOff(cloud: Cloud, { role, arn }: Caller): boolean {
  const instance = role === undefined ? undefined : cloud.store.get('instance', arn.split('/').at(-1) ?? '')
  return instance !== undefined && instance.State !== 'terminated' && wayOut(cloud, instance) === undefined
}

/** For how long a call that does not arrive is left without an answer, in ms; clients give up long before. */
const longest = 120_000

/** What becomes of a call by an instance that is cut off: nothing, until its client has given up. */
export async function silence(gone: AbortSignal): Promise<void> {
  await sleep(longest, undefined, { signal: gone, ref: false }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
}

/**
 * The connections that agents have with Systems Manager. One is lost with the public address from which it was made,
 * and made anew when its agent has noticed.
 */
export function createAgentConnections(cloud: Pick<Cloud, 'store' | 'folder'>) {
  const known = new Map<string, { address: string | undefined; lostUntil: number }>()
  return {
    /** Whether the agent has a way out, and has noticed what it has lost; to be asked often. */
    connected(instance: Instance, now = Date.now()): boolean {
      const address = wayOut(cloud, instance)
      const before = known.get(instance.InstanceId)
      if (before?.address !== address || !before)
        known.set(instance.InstanceId, { address, lostUntil: before ? now + agentReconnectMs() : 0 })
      return address !== undefined && now >= known.get(instance.InstanceId)!.lostUntil
    },
    /** Its machine was switched off: the next connection is a new one. */
    forget: (instanceId: string) => void known.delete(instanceId),
  }
}
