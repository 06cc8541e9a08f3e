import type { EC2, InstanceTypeInfo } from '@aws-sdk/client-ec2'
import { type Actions, ApiError } from '../../cloud.ts'
import { describe } from '../describe.ts'
import { localZone, zoneId, zoneSuffixes } from '../network/zone.ts'

export interface InstanceType {
  readonly name: string
  readonly vCpus: number
  readonly memoryMiB: number
  readonly architecture: 'x86_64' | 'arm64'
  readonly burstable: boolean
  /** How many private IPv4 addresses a network interface may have. */
  readonly addressesPerInterface: number
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html */
const addressesPerInterface: Readonly<Record<string, number>> = { nano: 2, micro: 2, small: 4, medium: 6, large: 10 }

/** vCPUs and GiB of each size: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html and co.html */
const burstable = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  '2xlarge': [8, 32],
} as const
const general = { large: [2, 8], xlarge: [4, 16], '2xlarge': [8, 32], '4xlarge': [16, 64] } as const
const compute = { large: [2, 4], xlarge: [4, 8], '2xlarge': [8, 16], '4xlarge': [16, 32] } as const

const families = [
  { family: 't3', architecture: 'x86_64', sizes: burstable },
  { family: 't3a', architecture: 'x86_64', sizes: burstable },
  { family: 't4g', architecture: 'arm64', sizes: burstable },
  { family: 'm6i', architecture: 'x86_64', sizes: general },
  { family: 'm7i', architecture: 'x86_64', sizes: general },
  { family: 'm7g', architecture: 'arm64', sizes: { medium: [1, 4], ...general } },
  { family: 'c6i', architecture: 'x86_64', sizes: compute },
  { family: 'c7i', architecture: 'x86_64', sizes: compute },
  { family: 'c7g', architecture: 'arm64', sizes: { medium: [1, 2], ...compute } },
] as const

export const instanceTypes: readonly InstanceType[] = families.flatMap(({ family, architecture, sizes }) => {
  return Object.entries(sizes).map(([size, [vCpus, gib]]) => {
    return {
      name: `${family}.${size}`,
      vCpus,
      memoryMiB: gib * 1024,
      architecture,
      burstable: family.startsWith('t'),
      addressesPerInterface: addressesPerInterface[size] ?? 15,
    }
  })
})

/** What a Local Zone has: a few sizes of one family, as AWS's own do. */
const inLocalZone = ['t3.medium', 't3.xlarge']

/** Whether a zone, by what follows the region's name in its own, has machines of a type. */
export function isOffered(type: string, zone: string): boolean {
  return zone !== localZone || inLocalZone.includes(type)
}

/** The type with this name. Throws ApiError InvalidParameterValue as RunInstances does. */
export function findInstanceType(name: string): InstanceType {
  const found = instanceTypes.find((type) => type.name === name)
  if (!found) throw new ApiError('InvalidParameterValue', `Invalid value '${name}' for InstanceType.`)
  return found
}

const describeTypes = describe('InstanceTypes', {
  id: ({ InstanceType }) => String(InstanceType),
  all: () => instanceTypes.map(wire),
  filters: ['instance-type', 'processor-info.supported-architecture', 'current-generation', 'burstable-performance-supported'],
  also: {
    'vcpu-info.default-vcpus': 'VCpuInfo.DefaultVCpus',
    'memory-info.size-in-mib': 'MemoryInfo.SizeInMiB',
  },
})

export const instanceTypeActions = {
  DescribeInstanceTypes({ InstanceTypes: Values = [], ...query }, call) {
    const strange = Values.filter((name) => !instanceTypes.some((type) => type.name === name))
    if (strange.length > 0)
      throw new ApiError('InvalidInstanceType', `The following supplied instance types do not exist: [${strange.join(', ')}]`)
    const named = Values.length > 0 ? [{ Name: 'instance-type', Values }] : []
    return describeTypes({ ...query, Filters: [...(query.Filters ?? []), ...named] }, call)
  },

  DescribeInstanceTypeOfferings({ LocationType = 'region', ...query }, call) {
    const { region } = call.cloud
    const everywhere = () => true
    const zones = (name: (suffix: string) => string) =>
      zoneSuffixes.map((suffix) => ({ Location: name(suffix), has: (type: string) => isOffered(type, suffix) }))
    const places = {
      region: [{ Location: region, has: everywhere }],
      'availability-zone': zones((suffix) => region + suffix),
      'availability-zone-id': zones((suffix) => zoneId(region, suffix)),
    }[LocationType as string]
    if (!places) throw new ApiError('InvalidParameterValue', `Value (${LocationType}) for parameter locationType is invalid.`)
    const describeOfferings = describe('InstanceTypeOfferings', {
      id: ({ InstanceType, Location }) => `${InstanceType} ${Location}`,
      all: () =>
        instanceTypes.flatMap(({ name }) => {
          const there = places.filter(({ has }) => has(name))
          return there.map(({ Location }) => ({ InstanceType: name as 't3.micro', Location, LocationType }))
        }),
      filters: ['instance-type', 'location'],
    })
    return describeOfferings(query, call)
  },
} satisfies Actions<EC2>

function wire({ name, vCpus, memoryMiB, architecture, burstable: bursts, ...type }: InstanceType): InstanceTypeInfo {
  return {
    InstanceType: name as 't3.micro',
    CurrentGeneration: true,
    FreeTierEligible: name === 't3.micro',
    SupportedUsageClasses: ['on-demand'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: false,
    Hypervisor: 'nitro',
    ProcessorInfo: { SupportedArchitectures: [architecture] },
    VCpuInfo: { DefaultVCpus: vCpus },
    MemoryInfo: { SizeInMiB: memoryMiB },
    NetworkInfo: { Ipv4AddressesPerInterface: type.addressesPerInterface },
    BurstablePerformanceSupported: bursts,
  }
}
