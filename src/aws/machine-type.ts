import { Failure } from '../../config/failure.ts'
import type { Clients } from './clients.ts'
import { codeOf } from './errors.ts'

export interface MachineType {
  readonly architecture: 'amd64' | 'arm64'
  /** Zones of the region that offer the type. */
  readonly zones: readonly string[]
  /** The newest Amazon Linux 2023 image for it. */
  readonly imageId: string
}

/** AWS's public parameters that name the newest machine image. */
const imageParameters = {
  amd64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
  arm64: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
} as const

/**
 * What AWS says of an instance type: its architecture, where it is offered, and which machine image fits.
 * @throws Failure when no zone of the region offers it.
 */
export async function machineType(clients: Clients, type: string): Promise<MachineType> {
  const [ec2, ssm] = await Promise.all([clients.ec2(), clients.ssm()])
  const [types, offerings, images] = await Promise.all([
    ec2.describeInstanceTypes({ InstanceTypes: [type as 't3.micro'] }).catch((error) => {
      if (codeOf(error) === 'InvalidInstanceType') return { InstanceTypes: [] }
      throw error
    }),
    ec2.describeInstanceTypeOfferings({ LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: [type] }] }),
    // Asked for both architectures at once: waiting for the type's own would make the look longer by a round trip.
    ssm.getParameters({ Names: Object.values(imageParameters) }),
  ])
  const zones = (offerings.InstanceTypeOfferings ?? []).map((offering) => offering.Location!).sort()
  const described = types.InstanceTypes?.[0]
  if (!described || zones.length === 0)
    throw new Failure(`No zone of ${clients.access.region} offers ${type}`, {
      on: `instance type ${type}`,
      likely: 'The type is misspelt, or this region does not have it.',
      next: `aws ec2 describe-instance-type-offerings --region ${clients.access.region} --query "InstanceTypeOfferings[].InstanceType"`,
    })
  const arm = described.ProcessorInfo?.SupportedArchitectures?.includes('arm64') === true
  const architecture = arm ? 'arm64' : 'amd64'
  const imageId = images.Parameters?.find((parameter) => parameter.Name === imageParameters[architecture])?.Value
  if (!imageId)
    throw new Failure(`AWS names no Amazon Linux 2023 image for ${architecture} in ${clients.access.region}`, {
      on: `parameter ${imageParameters[architecture]}`,
      likely: 'The endpoint is not a complete AWS, or the region does not exist.',
    })
  return { architecture, zones, imageId }
}
