import type { Clients } from '../clients.ts'
import type { Zone } from './machine-type.ts'

/** The names of zones for a network, by preference; asked for where a network, or a part of it, has to be made. */
export type ZoneChoice = () => Promise<readonly string[]>

/**
 * The Availability Zones of the region: first those that offer most of the types, then by name, so that the choice is
 * the same every time. Local Zones, which AWS lists as well once the account has opted in to them, have neither all of
 * a region's services nor its addresses. AWS is asked once, however often the choice is.
 */
export function zoneChoice(clients: Clients, offered: readonly Zone[]): ZoneChoice {
  let asked: Promise<readonly string[]> | undefined
  const ask = async () => {
    const Filters = [
      { Name: 'zone-type', Values: ['availability-zone'] },
      { Name: 'state', Values: ['available'] },
    ]
    const { AvailabilityZones = [] } = await (await clients.ec2()).describeAvailabilityZones({ Filters })
    const types = (zone: string) => offered.find(({ name }) => name === zone)?.types.length ?? 0
    return AvailabilityZones.map(({ ZoneName }) => ZoneName!).sort((a, b) => types(b) - types(a) || a.localeCompare(b))
  }
  return () => {
    asked ??= ask()
    return asked
  }
}
