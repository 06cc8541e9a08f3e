import type { FaultRule, Faults } from '../api/faults.ts'
import { ApiError, type Cloud } from '../cloud.ts'
import { unclaimedElasticIp } from '../ec2/network/loopback.ts'
import type { Refused } from '../forwarder/rules.ts'
import type { Identity } from '../iam/identity.ts'
import type { PolicyDocument } from '../iam/policy.ts'
import type { EngineName } from '../machine/engine.ts'
import { defaultEngine } from '../process/cloud-state.ts'
import type { Successor } from '../process/handover.ts'

/**
 * What the scripts ask of the cloud that AWS has no call for, below `/_cloud/`: signed like every other call, open to
 * the owner only.
 */
export type Admin = (name: string, input: Record<string, unknown>) => Promise<unknown>

/** The public side of a stage on this computer. */
export interface PublicPorts {
  readonly address?: string
  readonly taken: readonly number[]
}

export interface Status {
  readonly pid: number
  /** Which code is running: see `version.ts`. */
  readonly version: string
  readonly region: string
  /** The container engine of new instances. */
  readonly engine: EngineName
  /** ISO 8601. */
  readonly started: string
  /** `impaired`: it should run and does not, or not yet. `recovered`: it was started again since this cloud began. */
  readonly instances: readonly { readonly id: string; readonly state: string; readonly impaired: boolean; readonly recovered: boolean }[]
  /**
   * The ports of public addresses that should lead to an instance and do not, because this machine does not give them.
   */
  readonly refused: readonly Refused[]
}

interface Parts {
  readonly cloud: Cloud
  readonly faults: Faults
  readonly identity: Pick<Identity, 'limitUser' | 'permissionsUsed'>
  readonly version: string
  /** Ends the process after the answer is out; `keep` leaves the instances running, and a successor gets the port. */
  stop(instances: 'keep' | 'kill', successor?: Successor): void
}

export function createAdmin({ cloud, faults, identity, version, stop }: Parts): Admin {
  const started = new Date().toISOString()
  const actions: Record<string, (input: Record<string, unknown>) => unknown> = {
    status: (): Status => {
      const instances = cloud.store.list('instance').map(({ InstanceId: id, State: state }) => ({
        id,
        state,
        impaired: state === 'pending' || cloud.machines.impaired(id) !== undefined,
        recovered: cloud.machines.recovered(id),
      }))
      const [engine, refused] = [cloud.engine ?? defaultEngine, cloud.machines.refused()]
      return { pid: process.pid, version, region: cloud.region, engine, started, instances, refused }
    },
    stop: ({ instances, successor }) => {
      stop(instances === 'keep' ? 'keep' : 'kill', successor as Successor | undefined)
      return { handsOver: successor !== undefined }
    },
    // Where what is tagged so answers, or will once it gets an address, and which of these ports a program of this
    // computer holds there that is not ours.
    ports: async ({ tags, ports }): Promise<PublicPorts> => {
      const wanted = list(ports, 'ports').filter((port) => typeof port === 'number')
      const address = addressOf(cloud, tags as Record<string, string>) ?? (await nextAddress(cloud))
      return address === undefined ? { taken: [] } : { address, taken: await cloud.machines.taken(address, wanted) }
    },
    faults: ({ rules }) => {
      if (rules !== undefined) faults.set(list(rules, 'rules') as FaultRule[])
      return { rules: faults.report() }
    },
    // As if the account had GuardDuty's Runtime Monitoring, which leaves things of its own in everybody's networks.
    guardduty: ({ enabled }) => {
      cloud.store.put('guardDuty', 'account', { Enabled: enabled === true })
      return { enabled: enabled === true }
    },
    // A user who may do what a policy says and no more; without a policy, what that user's calls have needed.
    user: ({ name, policy }) =>
      policy === undefined
        ? { used: identity.permissionsUsed(String(name)) }
        : { credentials: identity.limitUser(String(name), policy as PolicyDocument) },
  }
  return async (name, input) => {
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!action) throw new ApiError('NotFound', `There is no /_cloud/${name}.`, 404)
    return action(input)
  }
}

/** The Elastic IP that has all of these tags. */
function addressOf({ store }: Cloud, tags: Readonly<Record<string, string>>): string | undefined {
  const wanted = Object.entries(tags)
  return store
    .list('address')
    .find(({ Tags }) => wanted.every(([key, value]) => Tags.some(({ Key, Value }) => Key === key && Value === value)))?.PublicIp
}

/**
 * The address that an Elastic IP would get now; undefined where there is none left, which the call that asks for one
 * says better.
 */
async function nextAddress(cloud: Cloud): Promise<string | undefined> {
  try {
    return await unclaimedElasticIp(cloud)
  } catch (error) {
    if (error instanceof ApiError) return undefined
    throw error
  }
}

function list(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new ApiError('ValidationException', `${name} must be a list.`)
}
