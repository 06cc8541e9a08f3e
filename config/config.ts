/**
 * The resolved config: what every other room reads. All defaults are filled in, all paths are absolute, all checks have passed.
 */
export interface Config {
  /** Names the installation together with `stage`; part of every tag and every AWS name. */
  readonly app: string
  readonly stage: string
  /** `local`: the embedded cloud on this machine. `aws`: whatever the SDK's own endpoint resolution says. */
  readonly target: 'local' | 'aws'
  readonly region: string
  readonly strategy: 'blue-green' | 'recreate'
  readonly instance: {
    /** An EC2 instance type, such as `t3.micro`. */
    readonly type: string
    /** Size of the root disk in GiB. */
    readonly diskGiB: number
  }
  /** What service images are laid on: an image reference, or `host` for the running Node and its shared libraries. */
  readonly base: string
  /** In the order of the file. */
  readonly services: readonly Service[]
  readonly monitoring: Monitoring
  /** A protected stage is destroyed only when its name is typed or `--yes --force` is given. */
  readonly protect: boolean
  /** The config file and the folder it stands in, absolute. */
  readonly file: string
  readonly folder: string
}

/** Who may reach a port: the world, nobody outside the machine, or these IPv4 CIDR blocks. */
export type Expose = 'public' | 'nobody' | readonly string[]

export interface Service {
  readonly name: string
  /** What runs: a TypeScript or JavaScript entry that is bundled, or a Dockerfile that docker builds. Absolute paths. */
  readonly source: { readonly entry: string } | { readonly dockerfile: string }
  readonly port: number
  /** The path that answers 200 once the service may get traffic. */
  readonly health: string
  readonly expose: Expose
  readonly memoryMiB: number
  readonly environment: Readonly<Record<string, string>>
  /** Services that are started and healthy before this one. */
  readonly needs: readonly string[]
}

export interface Monitoring {
  readonly expose: Expose
  readonly prometheus: MonitoringServer | undefined
  readonly grafana: MonitoringServer | undefined
}

export interface MonitoringServer {
  readonly port: number
  /** The official image it is laid on, or `host`: the program found on this machine's PATH. */
  readonly base: string
  readonly memoryMiB: number
}
