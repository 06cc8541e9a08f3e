import { Failure } from '../../report/failure.ts'
import type { PublicPorts } from '../admin/admin.ts'
import { askCloud } from '../admin/client.ts'
import { whoListens } from './failures.ts'

/**
 * Elastic IPs are loopback addresses, so a stage's open ports are ports of this machine.
 * @param tags those of the stage: its address is the one that has them, or the next that is free
 * @returns that address; undefined where none is left
 * @throws Failure that names the ports which a program other than the cloud holds there
 */
export async function refuseTakenPorts(
  { folder }: { folder: string },
  tags: Readonly<Record<string, string>>,
  ports: readonly number[],
): Promise<string | undefined> {
  if (ports.length === 0) return undefined
  const { address, taken } = (await askCloud<PublicPorts>(folder, 'ports', { tags, ports })) ?? { taken: [] }
  if (taken.length === 0) return address
  const which = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(', ')} are`
  throw new Failure(`${which} held by another program on this machine. Nothing was changed.`, {
    on: `${address}:${taken[0]}`,
    likely: 'A server that was started by hand listens there.',
    next: whoListens(taken[0]),
  })
}
