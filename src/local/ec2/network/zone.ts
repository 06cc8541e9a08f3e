import type { AvailabilityZone, EC2 } from '@aws-sdk/client-ec2'
import { type Actions, ApiError } from '../../cloud.ts'
import { describe } from '../describe.ts'

/**
 * The zones of the region by their letters. Records keep the letter alone, so that a cloud can be started for another
 * region.
 */
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

const describeZones = describe<'AvailabilityZones', AvailabilityZone>('AvailabilityZones', {
  id: ({ ZoneName }) => String(ZoneName),
  all: ({ region }) => zoneLetters.map((letter) => wire(letter, region)),
  filters: ['state', 'zone-name', 'zone-id', 'zone-type', 'region-name', 'opt-in-status', 'group-name'],
})

export const zoneActions = {
  DescribeAvailabilityZones({ ZoneNames = [], ZoneIds = [], Filters = [] }, call) {
    const all = zoneLetters.map((letter) => call.cloud.region + letter)
    const strange = ZoneNames.find((name) => !all.includes(name))
    if (strange) throw new ApiError('InvalidParameterValue', `Invalid availability zone: [${strange}]`)
    const named = [
      { Name: 'zone-name', Values: ZoneNames },
      { Name: 'zone-id', Values: ZoneIds },
    ].filter(({ Values }) => Values.length > 0)
    return describeZones({ Filters: [...Filters, ...named] }, call)
  },

  DescribeRegions({ RegionNames }, { cloud: { region } }) {
    const strange = RegionNames?.find((name) => name !== region)
    if (strange) throw new ApiError('InvalidParameterValue', `Invalid region name: ${strange}`)
    return { Regions: [{ RegionName: region, Endpoint: `ec2.${region}.amazonaws.com`, OptInStatus: 'opt-in-not-required' }] }
  },
} satisfies Actions<EC2>

function wire(letter: string, region: string): AvailabilityZone {
  return {
    ZoneName: region + letter,
    ZoneId: zoneId(region, letter),
    State: 'available',
    OptInStatus: 'opt-in-not-required',
    RegionName: region,
    GroupName: region,
    NetworkBorderGroup: region,
    ZoneType: 'availability-zone',
    Messages: [],
  }
}
