import type { AvailabilityZone, EC2 } from '@aws-sdk/client-ec2'
import { type Actions, ApiError } from '../../cloud.ts'
import { describe } from '../describe.ts'

/**
 * The zones of a region by what follows its name: three Availability Zones, and a Local Zone that the account has
 * opted in to, which the calls of EC2 show among them. Records keep these suffixes alone: each is
 * of one region.
 */
export const zoneSuffixes = ['a', 'b', 'c', '-bkk-1a'] as const

/** Of the Local Zone: the others are what nothing is said about. */
export const localZone = '-bkk-1a'

/** Where a subnet without a zone is put. */
export const firstZone = 'a'

/**
 * The zone id that goes with a suffix: `apse1-az1` for the first one of `ap-southeast-1`, `apse1-bkk1-az1` likewise.
 */
export function zoneId(region: string, suffix: string): string {
  const [area = '', direction = '', number = ''] = region.split('-')
  const short = `${area}${direction.replace(/north|south|east|west|central/g, (word) => word[0] ?? '')}${number}`
  return suffix === localZone ? `${short}-bkk1-az1` : `${short}-az${zoneSuffixes.indexOf(suffix as 'a') + 1}`
}

/** The suffix of a zone named in a request. Throws ApiError InvalidParameterValue as CreateSubnet does. */
export function zoneSuffix(region: string, zone: string | undefined, id?: string): string {
  const suffix = zoneSuffixes.find((each) => (zone === undefined ? zoneId(region, each) === id : `${region}${each}` === zone))
  if (suffix) return suffix
  const valid = zoneSuffixes.map((each) => region + each).join(', ')
  throw new ApiError(
    'InvalidParameterValue',
    `Value (${zone ?? id}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${valid}.`,
  )
}

const describeZones = describe<'AvailabilityZones', AvailabilityZone>('AvailabilityZones', {
  id: ({ ZoneName }) => String(ZoneName),
  all: ({ region }) => zoneSuffixes.map((suffix) => wire(suffix, region)),
  filters: [
    'state',
    'zone-name',
    'zone-id',
    'zone-type',
    'region-name',
    'opt-in-status',
    'group-name',
    'parent-zone-name',
    'parent-zone-id',
  ],
})

export const zoneActions = {
  DescribeAvailabilityZones({ ZoneNames = [], ZoneIds = [], Filters = [] }, call) {
    const all = zoneSuffixes.map((suffix) => call.cloud.region + suffix)
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

function wire(suffix: string, region: string): AvailabilityZone {
  const common = { ZoneName: region + suffix, ZoneId: zoneId(region, suffix), State: 'available', RegionName: region } as const
  if (suffix !== localZone)
    return {
      ...common,
      Messages: [],
      OptInStatus: 'opt-in-not-required',
      GroupName: region,
      NetworkBorderGroup: region,
      ZoneType: 'availability-zone',
    }
  const group = `${region}-bkk-1`
  return {
    ...common,
    Messages: [],
    OptInStatus: 'opted-in',
    GroupName: group,
    NetworkBorderGroup: group,
    ZoneType: 'local-zone',
    ParentZoneName: region + firstZone,
    ParentZoneId: zoneId(region, firstZone),
  }
}
