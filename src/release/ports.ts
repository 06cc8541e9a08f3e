import type { Config, Expose } from '../../config/config.ts'
import { monitoringServers } from '../../monitoring/index.ts'
import type { OpenPort } from '../aws/security-group.ts'

/** Something that listens on the machine, and who may reach it. */
export interface Port {
  readonly name: string
  readonly port: number
  readonly expose: Expose
  /** Where it answers 200 when it is well. */
  readonly health: string
}

/** Everything of a config that listens. */
export function portsOf(config: Config): Port[] {
  return [...config.services, ...monitoringServers(config)].map(({ name, port, expose, health }) => ({ name, port, expose, health }))
}

/** What the security group opens: exactly what the config exposes. */
export function openPorts(config: Config): OpenPort[] {
  return portsOf(config)
    .filter(({ expose }) => expose !== 'nobody')
    .map(({ name, port, expose }) => ({ port, cidrs: expose === 'public' ? ['0.0.0.0/0'] : (expose as readonly string[]), purpose: name }))
}
