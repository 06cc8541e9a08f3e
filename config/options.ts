import type { Expose } from './config.ts'

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
  /** `local` is the embedded cloud on this machine. Default: `local` for the stage of that name, `aws` for every other. */
  readonly target?: 'local' | 'aws'
  /** `blue-green` builds the new stack beside the old one; `recreate` removes the old one first. Default `blue-green`. */
  readonly strategy?: 'blue-green' | 'recreate'
  readonly instance?: InstanceOptions
  /** What service images are laid on: an image reference with a tag or digest, or `host`. Default: `host` on this machine, Node's official image on AWS. */
  readonly base?: string
  readonly services: { readonly [K in Name]: ServiceOptions<Name> }
  /** Prometheus and Grafana beside the services. Default on; `false` leaves both out. */
  readonly monitoring?: false | MonitoringOptions
  /** Asks for the stage's name before it is destroyed. Default `false`. */
  readonly protect?: boolean
}

export interface InstanceOptions {
  /** An EC2 instance type. Default `t3.micro`. */
  readonly type?: string
  /** The root disk in GiB. Default 20. */
  readonly diskGiB?: number
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
  /** The memory limit of the container in MiB. Default 256. */
  readonly memoryMiB?: number
  /** Environment variables. Numbers and booleans become strings. */
  readonly environment?: Readonly<Record<string, string | number | boolean>>
  /** Services that are started and healthy before this one. */
  readonly needs?: readonly NoInfer<Name>[]
}

export interface MonitoringOptions {
  /** Default: on port 9090. `false` leaves it out. */
  readonly prometheus?: false | MonitoringServerOptions
  /** Default: on port 3000. `false` leaves it out. */
  readonly grafana?: false | MonitoringServerOptions
  /** Who may reach both from outside the machine. Default `nobody`. */
  readonly expose?: Expose
}

export interface MonitoringServerOptions {
  readonly port?: number
  /** The image it is laid on, or `host` for the program on this machine's PATH. Default: `host` where the services' base is, else the official image. */
  readonly base?: string
  /** The memory limit of the container in MiB. Default 256. */
  readonly memoryMiB?: number
}
