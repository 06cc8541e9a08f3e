import type { Mapping } from './path-map.ts'

/** A mount of a container. */
export interface Mount extends Mapping {
  readonly type: 'volume' | 'bind' | 'tmpfs'
  /** Of a volume. */
  readonly name?: string
  readonly readOnly: boolean
}

export interface PublishedPort {
  /** The address it was asked to be published on; empty for all. */
  readonly host: string
  readonly port: number
}

/** What is kept of a container, in `container.json`. */
export interface ContainerRecord {
  /** 64 hexadecimal digits. */
  readonly id: string
  readonly name: string
  /** The image as it was named, and its id. */
  readonly image: string
  readonly imageId: string
  /** ISO 8601. */
  readonly created: string
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  /** The image's and what `-e` gave, as it is meant inside the container. */
  readonly env: Readonly<Record<string, string>>
  readonly workingDir: string
  readonly user: string
  readonly hostname: string
  readonly labels: Readonly<Record<string, string>>
  readonly stopSignal: NodeJS.Signals
  /** Seconds. */
  readonly stopTimeout: number
  readonly host: HostConfig
  readonly restartCount: number
  /** Not to be started again at a boot. */
  readonly stoppedByUser: boolean
  readonly state: {
    readonly status: 'created' | 'running' | 'restarting' | 'exited'
    /** 0 while it does not run. */
    readonly pid: number
    readonly exitCode: number
    readonly error: string
    /** Whether a process of it was ended for its memory since it was started. */
    readonly oomKilled: boolean
    /** ISO 8601, or docker's zero time. */
    readonly startedAt: string
    readonly finishedAt: string
  }
}

/**
 * What concerns the machine rather than the program. A plain process cannot be confined without being root, so the
 * limits and rights (user, processes, capabilities, a read-only root …) are recorded and shown by `inspect`, and not
 * enforced: with a real engine they are. Memory is watched (`memory/out-of-memory.ts`).
 */
export interface HostConfig {
  readonly network: string
  readonly restart: { readonly name: 'no' | 'always' | 'unless-stopped' }
  readonly ports: readonly PublishedPort[]
  readonly mounts: readonly Mount[]
  readonly autoRemove: boolean
  readonly readOnly: boolean
  /** Bytes, 0 for none. */
  readonly memory: number
  /** Memory and swap together in bytes, -1 for any, 0 for docker's own choice: twice the memory. */
  readonly memorySwap: number
  readonly pidsLimit: number
  readonly capDrop: readonly string[]
  readonly capAdd: readonly string[]
  readonly securityOpt: readonly string[]
  /** Bytes. */
  readonly maxSize?: number
  readonly maxFile?: number
}

/** Docker's "never". */
export const zeroTime = '0001-01-01T00:00:00Z'
