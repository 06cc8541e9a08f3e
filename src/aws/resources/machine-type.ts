import { exit, Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { codeOf } from '../errors.ts'
import { getParameters } from '../parameters.ts'

export interface MachineType {
  readonly architecture: 'amd64' | 'arm64'
  /** The types that may be asked for, in the order of preference. */
  readonly types: readonly string[]
  /** The zones of the region that offer any of them, Local Zones included. */
  readonly zones: readonly Zone[]
  /** vCPUs by type, of those that may be asked for. */
  readonly vCpus: Readonly<Record<string, number>>
  /** What is known of each type that the config names, in its order. */
  readonly facts: readonly TypeFacts[]
  /** The newest Amazon Linux 2023 image for the architecture. */
  readonly imageId: string
}

/** A zone, and which of the types it has. */
export interface Zone {
  readonly name: string
  readonly types: readonly string[]
}

export interface TypeFacts {
  readonly name: string
  /** All of its memory, of which the kernel keeps a part. */
  readonly memoryMiB: number
  /** Whether it has CPU credits. */
  readonly burstable: boolean
}

/** AWS's public parameters that name the newest machine image. */
const imageParameters = {
  amd64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
  arm64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
} as const

/**
 * What AWS says of an instance type and those that may take its place: the architecture, where they are offered, how
 * many vCPUs they have, and which machine image fits.
 * @throws Failure when no zone of the region offers the type, or one of the others has another architecture
 */
export async function machineType(clients: Clients, type: string, fallbackTypes: readonly string[] = []): Promise<MachineType> {
  const ec2 = await clients.ec2()
  const wanted = [type, ...fallbackTypes]
  const [types, offerings, images] = await Promise.all([
    ec2.describeInstanceTypes({ InstanceTypes: wanted as 't3.micro'[] }).catch((error) => {
      if (codeOf(error) === 'InvalidInstanceType') return { InstanceTypes: [] }
      throw error
    }),
    ec2.describeInstanceTypeOfferings({ LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: wanted }] }),
    // Asked for both architectures at once: waiting for the type's own would make the look longer by a round trip.
    getParameters(clients, Object.values(imageParameters)),
  ])
  const architectureOf = (name: string) => {
    const described = types.InstanceTypes?.find((each) => each.InstanceType === name)
    return described && (described.ProcessorInfo?.SupportedArchitectures?.includes('arm64') ? 'arm64' : 'amd64')
  }
  const offered = Object.groupBy(offerings.InstanceTypeOfferings ?? [], ({ Location }) => Location!)
  const zones = Object.entries(offered).map(([name, offers = []]): Zone => {
    return { name, types: wanted.filter((each) => offers.some(({ InstanceType }) => InstanceType === each)) }
  })
  const factsOf = (name: string): TypeFacts => {
    const described = types.InstanceTypes?.find((each) => each.InstanceType === name)
    return { name, memoryMiB: described!.MemoryInfo!.SizeInMiB!, burstable: described!.BurstablePerformanceSupported === true }
  }
  const architecture = architectureOf(type)
  if (!architecture || !zones.some(({ types }) => types.includes(type))) throw notOffered(clients, type)
  const other = fallbackTypes.find((name) => architectureOf(name) !== architecture)
  if (other)
    throw new Failure(`${other} cannot take the place of ${type}: ${architectureOf(other) ?? 'no such type'}, not ${architecture}`, {
      on: 'instance.fallbackTypes in the config',
      next: 'Name types of the same architecture there.',
      code: exit.usage,
    })
  const imageId = images.get(imageParameters[architecture])
  if (!imageId)
    throw new Failure(`AWS names no Amazon Linux 2023 image for ${architecture} in ${clients.access.region}`, {
      on: `parameter ${imageParameters[architecture]}`,
      likely: 'The endpoint is not a complete AWS, or the region does not exist.',
    })
  const vCpus = Object.fromEntries((types.InstanceTypes ?? []).map((each) => [each.InstanceType!, each.VCpuInfo?.DefaultVCpus ?? 0]))
  return { architecture, types: wanted, zones, vCpus, facts: wanted.map(factsOf), imageId }
}

function notOffered(clients: Clients, type: string): Failure {
  const { region } = clients.access
  return new Failure(`No zone of ${region} offers ${type}`, {
    on: `instance type ${type}`,
    likely: 'The type is misspelt, or this region does not have it.',
    next: clients.command('ec2 describe-instance-type-offerings --query "InstanceTypeOfferings[].InstanceType"'),
  })
}
