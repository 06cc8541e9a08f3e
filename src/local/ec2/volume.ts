import type { DescribeVolumesRequest, DescribeVolumesResult } from '@aws-sdk/client-ec2'
import type { Call } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { notFound } from './id.ts'
import { named, select } from './select.ts'

export const volumeActions = {
  /** Root volumes, which are a part of their instance's record: they come and go with it. */
  DescribeVolumes(input: DescribeVolumesRequest, { cloud: { store, region } }: Call): DescribeVolumesResult {
    const all = store
      .list('instance')
      .filter(({ State }) => State !== 'terminated')
      .map(({ InstanceId, LaunchTime, Zone, VolumeId, RootDeviceName, RootVolume, VolumeTags }) => {
        const { Size, VolumeType, Encrypted, DeleteOnTermination } = RootVolume as {
          Size: number
          VolumeType: 'gp3'
          Encrypted: boolean
          DeleteOnTermination: boolean
        }
        const since = new Date(LaunchTime)
        const id = String(VolumeId)
        return {
          VolumeId: id,
          Size,
          VolumeType,
          Encrypted,
          State: 'in-use' as const,
          CreateTime: since,
          AvailabilityZone: `${region}${Zone}`,
          Attachments: [
            {
              VolumeId: id,
              InstanceId,
              Device: String(RootDeviceName),
              State: 'attached' as const,
              AttachTime: since,
              DeleteOnTermination,
            },
          ],
          Tags: (VolumeTags ?? []) as Tag[],
        }
      })
    const find = (id: string) => {
      const found = all.find(({ VolumeId }) => VolumeId === id)
      if (!found) throw notFound('volume', id)
      return found
    }
    const { items, NextToken } = select(
      named(input.VolumeIds, () => all, find),
      input,
      {
        id: ({ VolumeId }) => VolumeId,
        filters: {
          'volume-id': ({ VolumeId }) => VolumeId,
          'attachment.instance-id': ({ Attachments }) => Attachments.map(({ InstanceId }) => InstanceId),
          'attachment.status': () => 'attached',
          status: ({ State }) => State,
          'volume-type': ({ VolumeType }) => VolumeType,
          encrypted: ({ Encrypted }) => Encrypted,
          size: ({ Size }) => Size,
        },
      },
    )
    return { Volumes: items, NextToken }
  },
}
