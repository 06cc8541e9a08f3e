import type {
  DescribeAvailabilityZonesRequest,
  DescribeAvailabilityZonesResult,
  DescribeRegionsRequest,
  DescribeRegionsResult,
} from '@aws-sdk/client-ec2'
import type { Call } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { select } from './select.ts'

/** The zones of the region by their letters. Records keep the letter alone, so that a cloud can be started for another region. */
export const zoneLetters = ['a', 'b', 'c'] as const

/** The zone id that goes with a letter: `apse1-az1` for the first one of `ap-southeast-1`. */
export function zoneId(region: string, letter: string): string {
  const [area = '', direction = '', number = ''] = region.split('-')
  const short = direction.replace(/north|south|east|west|central/g, (word) => word[0] ?? '')
  return `${area}${short}${number}-az${zoneLetters.indexOf(letter as 'a') + 1}`
}

/** The letter of a zone named in a request. Throws ApiError InvalidParameterValue as CreateSubnet does. */
export function zoneLetter(region: string, zone: string | undefined, id?: string): string {
  const letter = zoneLetters.find((each) => (zone === undefined ? zoneId(region, each) === id : `${region}${each}` === zone))
  if (letter) return letter
  const valid = zoneLetters.map((each) => region + each).join(', ')
  throw new ApiError(
    'InvalidParameterValue',
    `Value (${zone ?? id}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${valid}.`,
  )
}

export const zoneActions = {
  DescribeAvailabilityZones(input: DescribeAvailabilityZonesRequest, { cloud: { region } }: Call): DescribeAvailabilityZonesResult {
    const all = zoneLetters.map((letter) => ({ ZoneName: region + letter, ZoneId: zoneId(region, letter) }))
    const known = all.filter(({ ZoneName, ZoneId }) => {
      return (!input.ZoneNames?.length || input.ZoneNames.includes(ZoneName)) && (!input.ZoneIds?.length || input.ZoneIds.includes(ZoneId))
    })
    const strange = input.ZoneNames?.find((name) => !all.some(({ ZoneName }) => ZoneName === name))
    if (strange) throw new ApiError('InvalidParameterValue', `Invalid availability zone: [${strange}]`)
    const { items } = select(
      known,
      { Filters: input.Filters },
      {
        id: ({ ZoneName }) => ZoneName,
        filters: {
          state: () => 'available',
          'zone-name': ({ ZoneName }) => ZoneName,
          'zone-id': ({ ZoneId }) => ZoneId,
          'zone-type': () => 'availability-zone',
          'region-name': () => region,
          'opt-in-status': () => 'opt-in-not-required',
          'group-name': () => region,
        },
      },
    )
    const common = {
      State: 'available',
      OptInStatus: 'opt-in-not-required',
      RegionName: region,
      GroupName: region,
      NetworkBorderGroup: region,
    } as const
    return { AvailabilityZones: items.map((zone) => ({ ...zone, ...common, ZoneType: 'availability-zone', Messages: [] })) }
  },

  DescribeRegions({ RegionNames }: DescribeRegionsRequest, { cloud: { region } }: Call): DescribeRegionsResult {
    const strange = RegionNames?.find((name) => name !== region)
    if (strange) throw new ApiError('InvalidParameterValue', `Invalid region name: ${strange}`)
    return { Regions: [{ RegionName: region, Endpoint: `ec2.${region}.amazonaws.com`, OptInStatus: 'opt-in-not-required' }] }
  },
}
