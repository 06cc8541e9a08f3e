import { randomUUID } from 'node:crypto'
import type { InstanceNetworkInterface } from '@aws-sdk/client-ec2'
import { Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { codeOf, isAmbiguous, isNotFound, isThrottled } from '../errors.ts'
import type { RemovableKind } from '../graph/removable-kind.ts'
import { type Needs, type Resource, resource } from '../graph/resource.ts'
import { retry, until } from '../retry.ts'
import { type Tags, tagFilters, tagList, tagsOf } from '../tags.ts'
import { died } from './console.ts'
import type { instanceProfile } from './instance-profile.ts'
import type { Zone } from './machine-type.ts'
import { hasNoCapacity, notOffered, placesFor } from './placement.ts'
import type { PublicSubnets } from './public-subnets.ts'
import type { securityGroup } from './security-group.ts'

export interface Instance {
  readonly id: string
  /** `pending`, `running`, … as EC2 names them. */
  readonly state: string
  readonly privateIp: string | undefined
  /**
   * Its network interface, and a second private address of it: for the Elastic IP, so that the first keeps the public
   * address by which the machine and its agent reach AWS. A machine of an earlier version of this program has none.
   */
  readonly interfaceId: string | undefined
  readonly secondIp: string | undefined
  readonly publicIp: string | undefined
  /** The machine image that it was made from: `ami-…`. */
  readonly imageId: string
  readonly type: string
}

/** A terminated instance stays visible for about an hour; it is not there any more. */
const alive = ['pending', 'running', 'stopping', 'stopped', 'shutting-down']

export const instances: RemovableKind<Instance> = {
  name: 'instance',
  async list(clients, owner) {
    const { paginateDescribeInstances } = await import('@aws-sdk/client-ec2')
    const filters = [...tagFilters(owner.tags), { Name: 'instance-state-name', Values: alive }]
    const listed = []
    for await (const page of paginateDescribeInstances({ client: await clients.ec2() }, { Filters: filters }))
      for (const reservation of page.Reservations ?? [])
        for (const described of reservation.Instances ?? [])
          listed.push({ id: described.InstanceId!, tags: tagsOf(described), out: instanceOf(described) })
    return listed
  },
  async remove(out, { clients, signal }, waiting) {
    await terminate(clients, out.id)
    const gone = await until(
      async () => {
        const now = await describe(clients, out.id)
        return now === undefined || now.state === 'terminated' ? true : undefined
      },
      { within: 600, signal, waiting: (seconds) => waiting(`terminating, ${seconds.toFixed(0)} s`) },
    )
    if (!gone)
      throw new Failure('The instance is not terminated after 10 minutes', {
        on: `instance ${out.id}`,
        next: clients.command(`ec2 describe-instances --instance-ids ${out.id}`),
      })
  },
  label: (out) => [out.id, out.publicIp].filter(Boolean).join(' '),
}

/** What a machine is made of. */
export interface MachineSpec {
  readonly imageId: string
  /** Instance types of one architecture: the first that AWS has a machine of, in any of the subnets, is taken. */
  readonly types: readonly string[]
  /** Which zones offer which of them. */
  readonly zones: readonly Zone[]
  readonly diskGiB: number
  /** Whether AWS refuses to terminate it until that is allowed again. */
  readonly protected: boolean
  /**
   * By type: whether it is slowed down when its CPU credits are spent, or goes on and is billed. T3 and T4g do the
   * latter unless told (EC2 user guide); a type without credits is not in here, and refuses to be told.
   */
  readonly credits: Readonly<Record<string, 'standard' | 'unlimited'>>
  /** A script that runs at first boot; at most 16 KB. */
  readonly userData: string
}

/** An EC2 instance with a public address of its own; ready when it runs, which is before its agent answers. */
export function instance(spec: {
  tags: Tags
  name: string
  machine: MachineSpec
  subnets: Resource<PublicSubnets, Needs>
  securityGroup: ReturnType<typeof securityGroup>
  profile: ReturnType<typeof instanceProfile>
}) {
  return resource({
    name: spec.name,
    // The agent's first ping must not fail, else it sleeps for minutes: the route out and the role come before the
    // machine.
    needs: { subnets: spec.subnets, securityGroup: spec.securityGroup, profile: spec.profile },
    find: ({ inventory }) => inventory.one(instances, spec.tags),
    async create(up, { clients, signal }, waiting): Promise<Instance> {
      // Sent once each time: the SDK would repeat for half a minute that there is no capacity.
      const ec2 = await clients.once.ec2()
      const tags = tagList(spec.tags)
      const request = {
        ImageId: spec.machine.imageId,
        MinCount: 1,
        MaxCount: 1,
        IamInstanceProfile: { Arn: up.profile.arn },
        // One hop: containers on a bridge network cannot reach the instance's credentials.
        MetadataOptions: { HttpTokens: 'required' as const, HttpEndpoint: 'enabled' as const, HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [
          {
            DeviceName: '/dev/xvda',
            Ebs: { VolumeSize: spec.machine.diskGiB, VolumeType: 'gp3' as const, Encrypted: true, DeleteOnTermination: true },
          },
        ],
        ...(spec.machine.protected && { DisableApiTermination: true }),
        UserData: Buffer.from(spec.machine.userData).toString('base64'),
        TagSpecifications: [
          { ResourceType: 'instance' as const, Tags: tags },
          { ResourceType: 'volume' as const, Tags: tags },
          { ResourceType: 'network-interface' as const, Tags: tags },
        ],
      }
      const places = placesFor(spec.machine, up.subnets)
      for (const [index, { type, subnet }] of places.entries()) {
        const face = {
          DeviceIndex: 0,
          SubnetId: subnet.id,
          Groups: [up.securityGroup.id],
          AssociatePublicIpAddress: true,
          // Amazon Linux 2023 brings it up by itself (amazon-ec2-net-utils).
          SecondaryPrivateIpAddressCount: 1,
        }
        // The same token in every repetition, so that a lost answer never means two machines.
        const CpuCredits = spec.machine.credits[type]
        const credits = CpuCredits === undefined ? {} : { CreditSpecification: { CpuCredits } }
        const placed = { ...request, ...credits, NetworkInterfaces: [face], InstanceType: type as 't3.micro', ClientToken: randomUUID() }
        try {
          const { Instances } = await retry(() => ec2.runInstances(placed), passes, {
            within: 120,
            signal,
            waiting: (seconds, error) => waiting(whyAgain(error, seconds)),
          })
          return instanceOf(Instances![0]!)
        } catch (error) {
          const next = places[index + 1]
          if (!hasNoCapacity(error) || next === undefined) throw error
          waiting(`AWS has no free ${type} in ${subnet.zone}: trying ${next.type} in ${next.subnet.zone}`)
        }
      }
      throw notOffered(spec.machine, up.subnets)
    },
    async settle(out, _up, { clients, signal }, waiting) {
      let state = out.state
      const running = await until(
        async () => {
          const now = await describe(clients, out.id)
          state = now?.state ?? state
          if (state === 'terminated' || state === 'shutting-down') throw await died(clients, out.id)
          return now?.state === 'running' && now.privateIp ? now : undefined
        },
        { within: 300, signal, waiting: (seconds) => waiting(`${state}, ${seconds.toFixed(0)} s`) },
      )
      if (running) return running
      throw new Failure('The instance does not run after 5 minutes', {
        on: `instance ${out.id} (${state})`,
        next: clients.command(`ec2 get-console-output --instance-id ${out.id}`),
      })
    },
    remove: instances.remove,
    label: instances.label,
  })
}

/**
 * Terminates an instance that its owner removes on purpose, also where it is protected from everybody else. Asked for
 * only when AWS refuses: protection is an attribute that no listing shows.
 */
async function terminate(clients: Clients, id: string): Promise<void> {
  const ec2 = await clients.ec2()
  try {
    await ec2.terminateInstances({ InstanceIds: [id] })
  } catch (error) {
    if (codeOf(error) !== 'OperationNotPermitted') throw error
    await ec2.modifyInstanceAttribute({ InstanceId: id, DisableApiTermination: { Value: false } })
    await ec2.terminateInstances({ InstanceIds: [id] })
  }
}

/** Adds a tag to a machine that is there. */
export async function tagInstance(clients: Clients, { id }: Pick<Instance, 'id'>, tags: Tags): Promise<void> {
  await (await clients.ec2()).createTags({ Resources: [id], Tags: tagList(tags) })
}

/** IAM's news of a profile reach EC2 after 5–10 s, sometimes two minutes; only RunInstances itself can tell. */
function isProfileUnknown(error: unknown): boolean {
  return codeOf(error) === 'InvalidParameterValue' && /iam instance profile/i.test((error as Error).message)
}

/** What RunInstances may be repeated for: with its token, a lost answer is no danger. */
function passes(error: unknown): boolean {
  return isProfileUnknown(error) || isThrottled(error) || isAmbiguous(error)
}

function whyAgain(error: unknown, seconds: number): string {
  const why = isProfileUnknown(error) ? 'for the instance profile to be known' : `after ${codeOf(error)}`
  return `waiting ${why}, ${seconds.toFixed(0)} s`
}

/** undefined: EC2 does not know it (yet, or any more). */
async function describe(clients: Clients, id: string): Promise<Instance | undefined> {
  try {
    const { Reservations } = await (await clients.ec2()).describeInstances({ InstanceIds: [id] })
    const described = Reservations?.[0]?.Instances?.[0]
    return described && instanceOf(described)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function instanceOf(described: {
  InstanceId?: string | undefined
  State?: { Name?: string | undefined } | undefined
  PrivateIpAddress?: string | undefined
  PublicIpAddress?: string | undefined
  ImageId?: string | undefined
  InstanceType?: string | undefined
  NetworkInterfaces?: InstanceNetworkInterface[] | undefined
}): Instance {
  const [face] = described.NetworkInterfaces ?? []
  return {
    id: described.InstanceId!,
    state: described.State?.Name ?? 'pending',
    privateIp: described.PrivateIpAddress || undefined,
    interfaceId: face?.NetworkInterfaceId,
    secondIp: face?.PrivateIpAddresses?.find(({ Primary }) => Primary === false)?.PrivateIpAddress,
    publicIp: described.PublicIpAddress || undefined,
    imageId: described.ImageId!,
    type: described.InstanceType!,
  }
}
