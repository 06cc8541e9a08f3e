import type { Auth, Credits, Expose, Measure, Secret } from '../config.ts'
import type { Strategy } from '../strategy.ts'

/** What a config function is told when it is called. */
export interface ConfigContext {
  /** The stage that is worked on: `local`, `staging`, `prod`. */
  readonly stage: string
}

/** What stands in `mlops.config.ts`. `Name` is the union of the names under `services`. */
export interface ConfigOptions<Name extends string = string> {
  /** Names the installation together with the stage. Lowercase letters, digits and hyphens. */
  readonly app: string
  /** An AWS region. Default `us-east-1`. */
  readonly region?: string
  /** The AWS account, twelve digits: credentials of any other are refused before anything is touched. Default: any. */
  readonly account?: string
  /** The ARN of a permissions boundary for the role of the machines, where the account demands one. Default: none. */
  readonly permissionsBoundary?: string
  /** Tags of your own, such as a cost centre, on everything that is made in AWS. At most 45. Default: none. */
  readonly tags?: Readonly<Record<string, string>>
  /**
   * `local` is the embedded cloud on this machine. Default: `local` for the stage of that name, `aws` for every other.
   */
  readonly target?: 'local' | 'aws'
  /**
   * `blue-green` builds the new stack beside the old one; `recreate` removes the old one first. Default `blue-green`.
   */
  readonly strategy?: Strategy
  readonly instance?: InstanceOptions
  /**
   * A network that exists: a VPC and public subnets of it, best in two zones. Nothing of it is changed or removed.
   * Default: the stage gets one of its own.
   */
  readonly network?: { readonly vpcId: string; readonly subnetIds: readonly string[] }
  /**
   * What service images are laid on: an image reference with a tag or digest, or `host`. Default: `host` on this
   * machine, Node's official image on AWS.
   */
  readonly base?: string
  readonly services: { readonly [K in Name]: ServiceOptions<Name> }
  /** Prometheus and Grafana beside the services. Default on; `false` leaves both out. */
  readonly monitoring?: false | MonitoringOptions
  /**
   * Asks for the stage's name before it is destroyed; nobody else terminates its machines by accident. Default `false`.
   */
  readonly protect?: boolean
}

export interface InstanceOptions {
  /**
   * An EC2 instance type. Its memory must hold the limits of all containers and 200 MiB for the container engine.
   * Default `t3.small`.
   */
  readonly type?: string
  /**
   * What is taken, in this order, when AWS has no free machine of that type. Of the same architecture. Default: none.
   */
  readonly fallbackTypes?: readonly string[]
  /** The root disk in GiB. Default 20. */
  readonly diskGiB?: number
  /**
   * A swap file on the root disk in MiB, which counts as memory when the containers' limits are added up: for small
   * machines, at the price of speed. Default 0: none.
   */
  readonly swapMiB?: number
  /**
   * For burstable types (t2, t3, t3a, t4g): `standard` slows the machine down when its CPU credits are spent,
   * `unlimited` goes on and is billed for it. Default `standard`.
   */
  readonly credits?: Credits
}

export interface ServiceOptions<Name extends string = string> {
  /** A TypeScript or JavaScript file that is bundled, relative to the config file. Either this or `dockerfile`. */
  readonly entry?: string
  /** A Dockerfile that docker builds, relative to the config file. Either this or `entry`. */
  readonly dockerfile?: string
  /** The port it listens on, from 1024 on. */
  readonly port: number
  /** The path that answers 200 once the service may get traffic. Default `/health`. */
  readonly health?: string
  /** Who may reach the port from outside the machine: `public`, `nobody`, or IPv4 CIDR blocks. Default `nobody`. */
  readonly expose?: Expose
  /**
   * Who is answered: `none` asks nobody for anything, `token` demands `Authorization: Bearer TOKEN` for everything but
   * `/health` and `/ready`. The first deploy makes the token; `scripts/secret.mjs show service-token` shows it. Default
   * `none`.
   */
  readonly auth?: Auth
  /**
   * How often one client may ask, by its address: `perSecond` on average, `burst` at once; more gets 429 with
   * `Retry-After`. Default: no limit.
   */
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number }
  /**
   * The proxies in front of it, as IPv4 CIDR blocks: they, and nobody else, are believed whom they ask for
   * (`X-Forwarded-For`). Default: none.
   */
  readonly trustProxy?: readonly string[]
  /** The memory limit of the container in MiB. Default 256. */
  readonly memoryMiB?: number
  /**
   * Environment variables. Numbers and booleans become strings. A `secret('NAME')` reaches the service as a file, whose
   * path is the value of the variable with `_FILE` at its end; the kit reads it.
   */
  readonly environment?: Readonly<Record<string, string | number | boolean | Secret>>
  /**
   * A JSON Schema that the service holds its input against, as far as it looks at one: a file, relative to the config
   * file. Default: none.
   */
  readonly schema?: string
  /** Services that are started and healthy before this one. */
  readonly needs?: readonly NoInfer<Name>[]
  /**
   * What it promises its users. Default: 99.5 % of requests do not fail, and 99 % are answered within 0.25 s. `false`
   * promises nothing.
   */
  readonly slo?: false | ObjectivesOptions
  /**
   * What it measures beside its requests, which decides its alerts and panels: `predictions` of a model, `ingestion` of
   * records. Default: neither.
   */
  readonly measures?: readonly Measure[]
}

export interface ObjectivesOptions {
  /** The share of requests that do not fail (with a 5xx status). Default 0.995. */
  readonly availability?: number
  /**
   * The share `p` of requests that are answered within so many seconds, one of the histogram's bounds. Default 0.99
   * within 0.25 s.
   */
  readonly latency?: { readonly p?: number; readonly seconds?: number }
}

export interface MonitoringOptions {
  /** Default: on port 9090. `false` leaves it out. */
  readonly prometheus?: false | MonitoringServerOptions
  /** Default: on port 3000. `false` leaves it out. */
  readonly grafana?: false | MonitoringServerOptions
  /** Sends alerts on. Default: on port 9093. `false` leaves it out. */
  readonly alertmanager?: false | MonitoringServerOptions
  /** Measures the machine itself. Default: on port 9100, for Prometheus alone. `false` leaves it out. */
  readonly nodeExporter?: false | MonitoringServerOptions
  /** Who may reach Prometheus, Grafana and Alertmanager from outside the machine. Default `nobody`. */
  readonly expose?: Expose
  /**
   * How often everything is scraped and every rule evaluated. Default `5s`: a deploy is looked at within seconds of its
   * end.
   */
  readonly scrapeInterval?: string
  /** How long Prometheus keeps what it has scraped. Default `30d`, the time over which error budgets are counted. */
  readonly retention?: string
  /** Where alerts go. Default: nowhere, Alertmanager only shows them. */
  readonly alerts?: AlertsOptions
}

/** Any number of destinations; each gets every alert. */
export interface AlertsOptions {
  /** An incoming webhook of Slack. The channel is the webhook's own where none is named. */
  readonly slack?: { readonly url: string | Secret; readonly channel?: string }
  /** Gets Alertmanager's JSON by POST; a token goes along as `Authorization: Bearer`. */
  readonly webhook?: { readonly url: string | Secret; readonly token?: Secret }
  readonly email?: {
    readonly to: string | readonly string[]
    readonly from: string
    /** `HOST:PORT` of the SMTP server. */
    readonly smarthost: string
    readonly username?: string
    readonly password?: Secret
  }
  /**
   * A URL of a dead man's switch, which is called every minute by POST: it tells you when the calls stop, because the
   * machine or its monitoring is dead.
   */
  readonly heartbeat?: string | Secret
  /** The page that holds the runbooks, for clickable links. Default `docs/alerts.md`, the file in the repository. */
  readonly runbooks?: string
  /** How long after a launch alerts are held back, until the release has settled. Default `3m`. */
  readonly settle?: string
}

export interface MonitoringServerOptions {
  readonly port?: number
  /**
   * The image it is laid on, or `host` for the program on this machine's PATH. Default: `host` where the services' base
   * is, else the official image.
   */
  readonly base?: string
  /**
   * The memory limit of the container in MiB. Default 256; 512 for Grafana, 128 for Alertmanager, 64 for the node
   * exporter.
   */
  readonly memoryMiB?: number
}
