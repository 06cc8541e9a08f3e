/**
 * The embedded cloud: a small, strict AWS on loopback, so that the same scripts do the same work with no account. It
 * speaks AWS's protocols, verifies AWS's signatures and refuses what AWS refuses; what it lacks, it refuses by name.
 */
import { createAdmin } from './admin/admin.ts'
import { Faults } from './api/faults.ts'
import { createListener } from './api/server.ts'
import type { Cloud, Machines, Store } from './cloud.ts'
import { ec2 } from './ec2/service.ts'
import type { Keys } from './files/keys.ts'
import { createIdentity } from './iam/identity.ts'
import { iam } from './iam/service.ts'
import { sts } from './iam/sts.ts'
import { runCommand } from './machine/commands/run-command.ts'
import type { EngineName } from './machine/engine.ts'
import type { Successor } from './process/handover.ts'
import type { Log } from './process/log.ts'
import { serviceQuotas } from './quotas/service.ts'
import { registryHandler } from './registry/distribution.ts'
import { ecr } from './registry/ecr.ts'
import { createParameters } from './ssm/parameters.ts'
import { createSecureStrings } from './ssm/secure-string.ts'

/** Everybody's account here. */
const accountId = '000000000000'

export interface Setting {
  /** Absolute. */
  readonly folder: string
  readonly endpoint: string
  readonly region: string
  readonly keys: Keys
  readonly store: Store
  readonly log: Log
  readonly version: string
  readonly oneAddress: boolean
  /** The container engine of new instances; absent: the stand-in. */
  readonly engine?: EngineName
  /** What every call waits, in ms. */
  readonly latencyMs: number
  /** Called when the owner asks the cloud to end. */
  stop(instances: 'keep' | 'kill', successor?: Successor): void
}

/**
 * Puts the rooms together. Nothing listens yet and no machine is looked at until `cloud.machines.reconcile()` is
 * called.
 */
export function createEmbeddedCloud(setting: Setting, createMachines: (cloud: Cloud) => Machines) {
  const { folder, endpoint, region, keys, store, log, version, oneAddress, engine, latencyMs, stop } = setting
  const identity = createIdentity({ store, keys, accountId })
  const cloud: Cloud & { machines: Machines } = {
    store,
    folder,
    endpoint,
    region,
    accountId,
    oneAddress,
    ...(engine && { engine }),
    roleCredentials: identity.roleCredentials,
    registryCaller: identity.registryCaller,
    registryPassword: identity.registryPassword,
    authorize: identity.authorize,
    // The machine room gets the cloud that it is a room of.
    machines: undefined as unknown as Machines,
  }
  cloud.machines = createMachines(cloud)
  const ssm = { ...createParameters(createSecureStrings(keys.secret)), ...runCommand }
  const faults = new Faults(latencyMs)
  const listener = createListener({
    cloud,
    identity,
    services: { ec2, iam, sts, ssm, ecr, servicequotas: serviceQuotas },
    faults,
    log,
    registry: registryHandler(cloud, faults),
    admin: createAdmin({ cloud, faults, identity, version, stop }),
  })
  return { cloud, listener, faults }
}
