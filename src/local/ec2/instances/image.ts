import { createHash } from 'node:crypto'
import type { EC2, Image } from '@aws-sdk/client-ec2'
import { type Actions, refuse } from '../../cloud.ts'
import { describe } from '../describe.ts'
import { notFound } from '../kinds.ts'

/** The machine images that this cloud has: those that AWS's public parameters name. */
export interface MachineImage {
  readonly ImageId: string
  readonly Name: string
  readonly Architecture: 'x86_64' | 'arm64'
  readonly RootDeviceName: string
  readonly OwnerId: string
  /** The public parameter whose value it is. */
  readonly parameter: string
}

const amazon = '137112412989'
const canonical = '099720109477'

const published = [
  ...(['x86_64', 'arm64'] as const).map((Architecture) => ({
    Name: `al2023-ami-embedded-kernel-default-${Architecture}`,
    Architecture,
    RootDeviceName: '/dev/xvda',
    OwnerId: amazon,
    parameter: `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${Architecture}`,
  })),
  ...(['amd64', 'arm64'] as const).map((name) => ({
    Name: `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${name}-server-embedded`,
    Architecture: name === 'amd64' ? ('x86_64' as const) : name,
    RootDeviceName: '/dev/sda1',
    OwnerId: canonical,
    parameter: `/aws/service/canonical/ubuntu/server/24.04/stable/current/${name}/hvm/ebs-gp3/ami-id`,
  })),
]

export const machineImages: readonly MachineImage[] = published.map((image) => ({
  ...image,
  ImageId: `ami-0${createHash('sha256').update(image.Name).digest('hex').slice(0, 16)}`,
}))

/** The image with this id. Throws ApiError InvalidAMIID.NotFound. */
export function findImage(id: string): MachineImage {
  return machineImages.find(({ ImageId }) => ImageId === id) ?? refuse(notFound('image', id))
}

const describeImages = describe('Images', {
  kind: 'image',
  all: () => machineImages.map(wire),
  filters: ['image-id', 'name', 'architecture', 'owner-id', 'root-device-type', 'virtualization-type', 'state'],
})

export const imageActions = {
  /** Owners are one more filter, with names for two of them. */
  DescribeImages({ Owners = [], ...query }, call) {
    if (Owners.length === 0) return describeImages(query, call)
    const Values = Owners.map((owner) => ({ amazon, self: call.cloud.accountId })[owner] ?? owner)
    return describeImages({ ...query, Filters: [...(query.Filters ?? []), { Name: 'owner-id', Values }] }, call)
  },
} satisfies Actions<EC2>

const rootVolume = { VolumeSize: 8, VolumeType: 'gp3', DeleteOnTermination: true, Encrypted: false } as const

function wire({ parameter, ...image }: MachineImage): Image {
  return {
    ...image,
    State: 'available',
    Public: true,
    ImageType: 'machine',
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    RootDeviceType: 'ebs',
    EnaSupport: true,
    ImageLocation: `amazon/${image.Name}`,
    CreationDate: '2025-01-01T00:00:00.000Z',
    BlockDeviceMappings: [{ DeviceName: image.RootDeviceName, Ebs: rootVolume }],
    Tags: [],
  }
}
