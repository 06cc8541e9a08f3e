import type { Strategy } from './strategy.ts'

/**
 * The resolved config: what every other room reads. All defaults are filled in, all paths are absolute, all checks have
 * passed.
 */
export interface Config {
  /** Names the installation together with `stage`; part of every tag and every AWS name. */
  readonly app: string
  readonly stage: string
  /** `local`: the embedded cloud on this machine. `aws`: whatever the SDK's own endpoint resolution says. */
  readonly target: 'local' | 'aws'
  readonly region: string
  /** The only account, twelve digits, in which the stage may be; undefined: that of the credentials. */
  readonly account?: string
  /** The ARN of the permissions boundary that the role of the machines gets. */
  readonly permissionsBoundary?: string
  /** Tags of the user's own, on everything that is made in AWS. */
  readonly tags: Readonly<Record<string, string>>
  readonly strategy: Strategy
  readonly instance: {
    /** An EC2 instance type, such as `t3.small`. */
    readonly type: string
    /** Taken in this order when there is no capacity for `type`. */
    readonly fallbackTypes: readonly string[]
    /** Size of the root disk in GiB. */
    readonly diskGiB: number
    /** Size of the swap file on the root disk in MiB; 0 for none. */
    readonly swapMiB: number
    /** Whether a burstable machine is slowed down when its CPU credits are spent, or goes on and is billed for it. */
    readonly credits: Credits
  }
  /** A network that exists and is left as it is; undefined where the stage has one of its own. Ids of AWS. */
  readonly network: { readonly vpcId: string; readonly subnetIds: readonly string[] } | undefined
  /** What service images are laid on: an image reference, or `host` for the running Node and its shared libraries. */
  readonly base: string
  /** In the order of the file. */
  readonly services: readonly Service[]
  readonly monitoring: Monitoring
  /**
   * A protected stage is destroyed only when its name is typed or `--yes --force` is given, and its machines have
   * termination protection.
   */
  readonly protect: boolean
  /** The config file and the folder it stands in, absolute. */
  readonly file: string
  readonly folder: string
}

/** What a burstable machine does when its CPU credits are spent. */
export type Credits = 'standard' | 'unlimited'

/** Who may reach a port: the world, nobody outside the machine, or these IPv4 CIDR blocks. */
export type Expose = 'public' | 'nobody' | readonly string[]

/** Who is answered: everybody who can reach the port, or only those who have the stage's token. */
export type Auth = 'none' | 'token'

export interface Service {
  readonly name: string
  /**
   * What runs: a TypeScript or JavaScript entry that is bundled, or a Dockerfile that docker builds. Absolute paths.
   */
  readonly source: { readonly entry: string } | { readonly dockerfile: string }
  readonly port: number
  /** The path that answers 200 once the service may get traffic. */
  readonly health: string
  readonly expose: Expose
  /** Whether everything but its health asks for the stage's token. */
  readonly auth: Auth
  /** How often one client may ask; undefined sets no limit. */
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | undefined
  /** Proxies that are believed whom they ask for, as IPv4 CIDR blocks. */
  readonly trustProxy: readonly string[]
  readonly memoryMiB: number
  readonly environment: Readonly<Record<string, string>>
  /**
   * Secret by the variable that asks for it. The container gets the value as a file, and `VARIABLE_FILE` says where.
   */
  readonly secrets: Readonly<Record<string, string>>
  /** A JSON Schema, an absolute path: `SCHEMA_FILE` says in the container where it is. */
  readonly schema?: string
  /** Services that are started and healthy before this one. */
  readonly needs: readonly string[]
  /** What it promises its users; undefined where it promises nothing. */
  readonly slo: Objectives | undefined
  /** What it measures beside its requests: it gets alerts and panels for that. */
  readonly measures: readonly Measure[]
}

/** The service level objectives of a service. */
export interface Objectives {
  /** The share of requests that do not fail, between 0 and 1. */
  readonly availability: number
  /** The share `p` of requests that are answered within so many seconds. */
  readonly latency: { readonly p: number; readonly seconds: number }
}

/** `predictions`: what a model answers. `ingestion`: records that are kept. */
export type Measure = 'predictions' | 'ingestion'

export interface Monitoring {
  readonly expose: Expose
  readonly prometheus: MonitoringServer | undefined
  readonly grafana: MonitoringServer | undefined
  /** Sends alerts on; undefined without Prometheus, which raises them. */
  readonly alertmanager: MonitoringServer | undefined
  /** Measures the machine; undefined without Prometheus, which asks it. */
  readonly nodeExporter: MonitoringServer | undefined
  /** How often everything is scraped and the rules are evaluated: `5s`. */
  readonly scrapeInterval: string
  /** How long Prometheus keeps what it has scraped: `30d`. */
  readonly retention: string
  readonly alerts: Alerts
}

/** Where alerts go. With no destination, Alertmanager shows them and tells nobody. */
export interface Alerts {
  readonly slack: { readonly url: string | Secret; readonly channel: string | undefined } | undefined
  readonly webhook: { readonly url: string | Secret; readonly token: Secret | undefined } | undefined
  readonly email: EmailDestination | undefined
  /** A dead man's switch: it is called all the time, and says so when it is not any more. */
  readonly heartbeat: string | Secret | undefined
  /** The page that the runbook links of alerts point into, by an anchor for each alert. */
  readonly runbooks: string
  /** How long after a launch all alerts are held back: `3m`. */
  readonly settle: string
}

export interface EmailDestination {
  readonly to: readonly string[]
  readonly from: string
  /** `HOST:PORT` of the SMTP server. */
  readonly smarthost: string
  readonly username: string | undefined
  readonly password: Secret | undefined
}

/**
 * A value that stands in no config: it is set with `scripts/secret.mjs` and reaches containers as the file
 * `/run/secrets/NAME`.
 */
export interface Secret {
  readonly secret: string
}

export interface MonitoringServer {
  readonly port: number
  /** The official image it is laid on, or `host`: the program found on this machine's PATH. */
  readonly base: string
  readonly memoryMiB: number
}
