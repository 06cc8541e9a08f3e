/** A container as the launch script starts it. */
export interface Container {
  readonly name: string
  /** A release is its services; monitoring comes up behind them, and a release is none the worse without it. */
  readonly kind: 'service' | 'monitoring'
  /** `REGISTRY/REPOSITORY@sha256:…` */
  readonly image: string
  readonly port: number
  /** Answers 200 there once it may get traffic. */
  readonly health: string
  readonly memoryMiB: number
  /** How much of the machine's swap it may take on top. */
  readonly swapMiB: number
  readonly environment: Readonly<Record<string, string>>
  /** A path in the container that keeps what is written there, on a volume named after the container. */
  readonly volume: string | undefined
  /** Folders below the root that the container may read: folder → path in the container. */
  readonly reads: Readonly<Record<string, string>>
  /** Folders of the machine that it may read: folder → path in the container. */
  readonly hostFolders: Readonly<Record<string, string>>
  /** Whether it is on the machine's own network and not on that of the containers. */
  readonly hostNetwork: boolean
  /** `UID:GID`, never root. */
  readonly user: string
  /** Names of the secrets it reads, as files in `/run/secrets`. */
  readonly secrets: readonly string[]
  /** Containers that are healthy before this one is started. */
  readonly needs: readonly string[]
}

export interface Launch {
  readonly release: number
  /**
   * What tells this launch from every other one: each container has it as a label, each service answers with it
   * (`x-release-id`).
   */
  readonly identity: string
  /** The machine's own address: where it checks health, and where Prometheus scrapes. */
  readonly address: string
  /** The host of the image registry. */
  readonly registry: string
  readonly containers: readonly Container[]
  /** What brings the secrets; undefined when no container has any. */
  readonly secretsAgent: SecretsAgent | undefined
  /** Files to write: path below the root → text. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * The container that fetches secrets with the machine's role into memory that other containers mount
 * (`src/secrets-agent`).
 */
export interface SecretsAgent {
  readonly image: string
  readonly region: string
  /** What the agent's program fetches, one word a secret: names, never a value. */
  readonly requests: readonly string[]
}
