import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineName } from './engine.ts'

/**
 * The folder of an instance, and what lies where in it. Cloud and machine talk through files in it, so that either can
 * be killed at any moment and find out afterwards what the other has done meanwhile.
 */
export interface InstanceFolder {
  readonly path: string
  /** What the cloud tells the machine about itself: `Settings`. */
  readonly settings: string
  /** The role's current credentials: `StoredCredentials`; absent while the instance has no role. */
  readonly credentials: string
  /** Cloud → agent: `<command>.json` (a `Request`), `<command>.cancel`. */
  readonly inbox: string
  /** Machine → cloud: `process.json`, `agent.json`, `<command>.json` (an `Outcome`). */
  readonly outbox: string
  /** One folder a command: its script, its whole output. */
  readonly commands: string
  /** What the programs of the machine image are: `docker`, `curl` … */
  readonly bin: string
  /** Stands for the root of the instance's own disk. */
  readonly root: string
  /** Images, containers and volumes of the container engine. */
  readonly docker: string
  readonly log: string
}

/** Where the folder of an instance lies. */
export function instanceFolder(cloudFolder: string, instanceId: string): InstanceFolder {
  return folderAt(join(cloudFolder, 'instances', instanceId))
}

/** The same for a folder that is already known. */
export function folderAt(path: string): InstanceFolder {
  const at = (name: string) => join(path, name)
  return {
    path,
    settings: at('settings.json'),
    credentials: at('credentials.json'),
    inbox: at('inbox'),
    outbox: at('outbox'),
    commands: at('commands'),
    bin: at('bin'),
    root: at('root'),
    docker: at('docker'),
    log: at('machine.log'),
  }
}

/**
 * Where an instance keeps what must never be on a disk: in memory on Linux. Elsewhere there is no such folder for
 * everybody, and it lies with the rest, readable by its owner only. Whoever switches the instance off removes it.
 */
export function memoryFolder({ path }: InstanceFolder, instanceId: string): string {
  return process.platform === 'linux' && existsSync('/dev/shm') ? `/dev/shm/mlops-${instanceId}` : join(path, 'memory')
}

/** In a memory folder: whose it is, a folder of the instance's. Where that is gone, what lies in memory is nobody's. */
export const memoryOwner = '.owner'

/** Where the cloud leaves the wish that a machine may reboot. */
export function rebootWish({ inbox }: InstanceFolder): string {
  return join(inbox, 'reboot')
}

/** What a machine must know about itself. */
export interface Settings {
  readonly instanceId: string
  readonly imageId: string
  readonly instanceType: string
  readonly privateAddress: string
  /** The address by which the world reaches it just now. */
  readonly publicAddress?: string
  readonly region: string
  readonly accountId: string
  /** Where the embedded cloud answers. */
  readonly endpoint: string
  /** Seconds between power-on and the agent's first ping. */
  readonly bootSeconds: number
  /** Base64. */
  readonly userData?: string
  readonly profileArn?: string
  /** Absent: the stand-in. */
  readonly engine?: EngineName
}

/** Credentials of the instance's role, as the metadata service hands them out. */
export interface StoredCredentials {
  readonly role: string
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly Token: string
  /** ISO 8601. */
  readonly Expiration: string
  /** ISO 8601. */
  readonly LastUpdated: string
}

/** One Run Command, as the agent gets it. */
export interface Request {
  readonly commandId: string
  readonly commands: readonly string[]
  readonly workingDirectory?: string
  readonly timeoutSeconds: number
}

/** What the agent reports, first when a command starts and again when it has ended. */
export interface Outcome {
  readonly commandId: string
  readonly status: 'InProgress' | 'Success' | 'Failed' | 'TimedOut' | 'Cancelled'
  readonly details: string
  readonly code: number
  /** The first characters of what it printed, as many as GetCommandInvocation shows. */
  readonly stdout: string
  readonly stderr: string
  /** ISO 8601. */
  readonly started: string
  readonly ended?: string
}
