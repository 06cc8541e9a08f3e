import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Cloud } from '../cloud.ts'
import { findInstanceType } from '../ec2/instances/instance-type.ts'
import { associationsOf, macOf, privateAddresses } from '../ec2/instances/public-address.ts'
import { watchFolder } from '../files/watch.ts'
import { readWhole, writeWhole } from '../files/whole.ts'
import { spawnDetached } from '../process/spawn.ts'
import { within } from '../process/within.ts'
import type { Instance } from '../records.ts'
import { machineEnvironment } from './environment.ts'
import { instanceFolder, type Settings, type StoredCredentials } from './folder.ts'
import type { MachineProcess, Registration } from './machine.ts'
import { type InstanceRole, mayRegister, roleOf } from './metadata/role.ts'
import { alive, identify, killAll, type ProcessIdentity, signal } from './process-table.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

export type Supervisor = ReturnType<typeof createSupervisor>

/**
 * Watches over the process of one machine: starts it, finds it again, keeps what it knows about itself current, kills
 * it.
 *
 * @param wake called when the machine has put something into its outbox, or has ended
 */
export function createSupervisor(cloud: Cloud, instanceId: string, wake: () => void) {
  const folder = instanceFolder(cloud.folder, instanceId)
  let started: ProcessIdentity | undefined
  let stopWatching: (() => void) | undefined
  let registered = false
  let seen = new Date()
  let lastReady: Date | undefined
  let writtenSettings = existsSync(folder.settings) ? readFileSync(folder.settings, 'utf8') : ''

  const told = () => readWhole<MachineProcess>(join(folder.outbox, 'process.json'))
  const observe = () => {
    if (stopWatching || !existsSync(folder.outbox)) return
    stopWatching = watchFolder(folder.outbox, 1000, wake)
  }
  observe()

  /** `booting`: it lives; `ready`: it lives and runs; `dead`: it does not live, or has never been started. */
  const state = () => {
    const process = told()
    const living = [process, started].find((each) => each !== undefined && alive(each))
    if (!living) return 'dead'
    seen = new Date()
    if (!process?.ready || process.pid !== living.pid) return 'booting'
    lastReady = seen
    return 'ready'
  }

  return {
    state,
    /** When it was last seen to run (ISO 8601); undefined when it never was. */
    lastReady: () => lastReady?.toISOString(),

    /** Starts the process unless it lives. */
    start(instance: Instance): void {
      if (state() !== 'dead') return
      for (const each of [folder.inbox, folder.outbox, folder.root]) mkdirSync(each, { recursive: true, mode: 0o700 })
      for (const name of ['process.json', 'agent.json', 'failure.json']) rmSync(join(folder.outbox, name), { force: true })
      observe()
      const env = machineEnvironment(folder, settingsOf(cloud, instance, undefined))
      const child = spawnDetached([main, folder.path], { cwd: folder.path, log: folder.log, env })
      child.once('error', (error) => console.error(`cannot start the machine of ${instanceId}: ${error.message}`))
      child.once('exit', wake)
      started = child.pid === undefined ? undefined : identify(child.pid)
    },

    /** Writes the settings and the role's credentials where they are no longer right. */
    refresh(instance: Instance, publicAddress: string | undefined): void {
      const settings = settingsOf(cloud, instance, publicAddress)
      const text = JSON.stringify(settings)
      if (text !== writtenSettings || !existsSync(folder.settings)) {
        writeWhole(folder.settings, settings)
        writtenSettings = text
      }
      const role = roleOf(cloud, instance)
      registered = role !== undefined && mayRegister(cloud, instance, role)
      keepCredentials(folder.credentials, role)
    },

    /** Since when its agent is registered and answers. */
    online(): { since: string; lastPing: string } | undefined {
      if (!registered) return undefined
      const registration = readWhole<Registration>(join(folder.outbox, 'agent.json'))
      return registration && { since: registration.since, lastPing: seen.toISOString() }
    },

    /** Kills the machine and every process of it. */
    async kill() {
      const process = told()
      // It ends at once when it is asked to; its containers and scripts, and it itself should it hang, are killed.
      if (process && alive(process) && signal(process.pid, 'SIGTERM')) await within(1000, 5, () => !alive(process))
      await killAll(instanceId)
      started = undefined
    },

    /** Why it did not come up, in one line, where it could say. */
    failure: () => readWhole<{ message: string }>(join(folder.outbox, 'failure.json'))?.message,

    /** The last lines that the machine's process wrote about itself. */
    log(): string[] {
      return existsSync(folder.log) ? readFileSync(folder.log, 'utf8').trimEnd().split('\n').slice(-20) : []
    },

    /** Stops watching; the machine lives on. */
    detach(): void {
      stopWatching?.()
      stopWatching = undefined
    },
  }
}

function settingsOf(cloud: Cloud, instance: Instance, publicAddress: string | undefined): Settings {
  return {
    instanceId: instance.InstanceId,
    imageId: instance.ImageId,
    instanceType: instance.InstanceType,
    memoryMiB: findInstanceType(instance.InstanceType).memoryMiB,
    privateAddress: instance.PrivateIpAddress,
    secondaryAddresses: privateAddresses(instance).slice(1),
    ...(publicAddress !== undefined && { publicAddress }),
    mac: macOf(instance),
    associations: associationsOf(cloud.store, instance),
    region: instance.Region,
    accountId: cloud.accountId,
    endpoint: cloud.endpoint,
    bootSeconds: Number(process.env.MLOPS_BOOT_SECONDS ?? 0),
    ...(instance.Engine !== undefined && { engine: instance.Engine }),
    ...(instance.UserData !== undefined && { userData: instance.UserData }),
    ...(instance.IamInstanceProfileArn !== undefined && { profileArn: instance.IamInstanceProfileArn }),
  }
}

/** Renews credentials when half of their time is over, and takes them away together with the role. */
function keepCredentials(file: string, role: InstanceRole | undefined): void {
  const now = Date.now()
  const stored = readWhole<StoredCredentials>(file)
  if (role === undefined) {
    rmSync(file, { force: true })
    return
  }
  const half = stored ? (Date.parse(stored.Expiration) + Date.parse(stored.LastUpdated)) / 2 : 0
  if (stored?.role === role.name && now < half) return
  const { RoleName, ...credentials } = role.credentials
  writeWhole(file, { role: role.name, ...credentials, LastUpdated: new Date(now).toISOString() } satisfies StoredCredentials)
}
