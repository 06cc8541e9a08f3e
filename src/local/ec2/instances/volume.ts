import type { EC2, Volume } from '@aws-sdk/client-ec2'
import type { Actions } from '../../cloud.ts'
import type { Instance } from '../../records.ts'
import { describe } from '../describe.ts'

/** Root volumes only, which are a part of their instance's record: they come and go with it. */
export const volumeActions = {
  DescribeVolumes: describe('Volumes', {
    kind: 'volume',
    all: ({ store, region }) =>
      store
        .list('instance')
        .filter(({ State }) => State !== 'terminated')
        .map((instance) => wire(instance, region)),
    filters: ['volume-id', 'attachment.instance-id', 'volume-type', 'encrypted', 'size'],
    also: {
      'attachment.status': 'Attachments.State',
      status: 'State',
    },
  }),
} satisfies Actions<EC2>

function wire({ InstanceId, LaunchTime, Zone, VolumeId, RootDeviceName, RootVolume, VolumeTags }: Instance, region: string): Volume {
  const { DeleteOnTermination, ...facts } = RootVolume
  const since = new Date(LaunchTime)
  return {
    ...facts,
    VolumeId,
    State: 'in-use',
    CreateTime: since,
    AvailabilityZone: `${region}${Zone}`,
    Attachments: [{ VolumeId, InstanceId, Device: RootDeviceName, State: 'attached', AttachTime: since, DeleteOnTermination }],
    Tags: VolumeTags,
  }
}
