import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineName } from './engine.ts'

export type InstanceFolder = ReturnType<typeof folderAt>

/** Where the folder of an instance lies. */
export function instanceFolder(cloudFolder: string, instanceId: string): InstanceFolder {
  return folderAt(join(cloudFolder, 'instances', instanceId))
}

/**
 * The folder of an instance, and what lies where in it. Cloud and machine talk through files in it, so that either can
 * be killed at any moment and find out afterwards what the other has done meanwhile.
 */
export function folderAt(path: string) {
  return {
    path,
    /** What the cloud tells the machine about itself: `Settings`. */
    settings: join(path, 'settings.json'),
    /** The role's current credentials: `StoredCredentials`; absent while the instance has no role. */
    credentials: join(path, 'credentials.json'),
    /** Cloud → agent: `<command>.json` (a `Request`), `<command>.cancel`. */
    inbox: join(path, 'inbox'),
    /** Machine → cloud: `process.json`, `agent.json`, `<command>.json` (an `Outcome`). */
    outbox: join(path, 'outbox'),
    /** One folder a command: its script, its whole output. */
    commands: join(path, 'commands'),
    /** What the programs of the machine image are: `docker`, `curl` … */
    bin: join(path, 'bin'),
    /** Stands for the root of the instance's own disk. */
    root: join(path, 'root'),
    /** Images, containers and volumes of the container engine. */
    docker: join(path, 'docker'),
    log: join(path, 'machine.log'),
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
  /** Of the type. */
  readonly memoryMiB: number
  readonly privateAddress: string
  readonly secondaryAddresses: readonly string[]
  /** The address by which the world reaches it just now. */
  readonly publicAddress?: string
  /** Of its interface. */
  readonly mac: string
  /** Public address → private address that it leads to. */
  readonly associations: Readonly<Record<string, string>>
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
