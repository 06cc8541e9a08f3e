import { createHash } from 'node:crypto'
import type { DescribeImagesRequest, DescribeImagesResult } from '@aws-sdk/client-ec2'
import type { Call } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { select } from './select.ts'

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

function image(
  Name: string,
  Architecture: MachineImage['Architecture'],
  RootDeviceName: string,
  OwnerId: string,
  parameter: string,
): MachineImage {
  const id = createHash('sha256').update(Name).digest('hex').slice(0, 16)
  return { ImageId: `ami-0${id}`, Name, Architecture, RootDeviceName, OwnerId, parameter }
}

const amazon = '137112412989'
const canonical = '099720109477'
const amazonParameter = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default'
const ubuntuParameter = '/aws/service/canonical/ubuntu/server/24.04/stable/current'
const ubuntuName = 'ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04'

export const machineImages: readonly MachineImage[] = [
  image('al2023-ami-embedded-kernel-default-x86_64', 'x86_64', '/dev/xvda', amazon, `${amazonParameter}-x86_64`),
  image('al2023-ami-embedded-kernel-default-arm64', 'arm64', '/dev/xvda', amazon, `${amazonParameter}-arm64`),
  image(`${ubuntuName}-amd64-server-embedded`, 'x86_64', '/dev/sda1', canonical, `${ubuntuParameter}/amd64/hvm/ebs-gp3/ami-id`),
  image(`${ubuntuName}-arm64-server-embedded`, 'arm64', '/dev/sda1', canonical, `${ubuntuParameter}/arm64/hvm/ebs-gp3/ami-id`),
]

/** The image with this id. Throws ApiError InvalidAMIID.NotFound. */
export function findImage(id: string): MachineImage {
  const found = machineImages.find(({ ImageId }) => ImageId === id)
  if (found) return found
  if (!/^ami-[0-9a-f]{8,17}$/.test(id)) throw new ApiError('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`)
  throw new ApiError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`)
}

export const imageActions = {
  DescribeImages(input: DescribeImagesRequest, { cloud: { accountId } }: Call): DescribeImagesResult {
    const named = input.ImageIds?.length ? input.ImageIds.map(findImage) : machineImages
    const owners = input.Owners?.map((owner) => ({ amazon, self: accountId })[owner] ?? owner)
    const owned = named.filter(({ OwnerId }) => !owners?.length || owners.includes(OwnerId))
    const { items, NextToken } = select(owned, input, {
      id: ({ ImageId }) => ImageId,
      filters: {
        'image-id': ({ ImageId }) => ImageId,
        name: ({ Name }) => Name,
        architecture: ({ Architecture }) => Architecture,
        'owner-id': ({ OwnerId }) => OwnerId,
        'root-device-type': () => 'ebs',
        'virtualization-type': () => 'hvm',
        state: () => 'available',
      },
    })
    const Images = items.map(({ parameter: _, ...each }) => ({
      ...each,
      State: 'available' as const,
      Public: true,
      ImageType: 'machine' as const,
      VirtualizationType: 'hvm' as const,
      Hypervisor: 'xen' as const,
      RootDeviceType: 'ebs' as const,
      EnaSupport: true,
      ImageLocation: `amazon/${each.Name}`,
      CreationDate: '2025-01-01T00:00:00.000Z',
      BlockDeviceMappings: [
        {
          DeviceName: each.RootDeviceName,
          Ebs: { VolumeSize: 8, VolumeType: 'gp3' as const, DeleteOnTermination: true, Encrypted: false },
        },
      ],
      Tags: [],
    }))
    return { Images, NextToken }
  },
}
