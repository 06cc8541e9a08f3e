import type { Config, Expose } from '../../config/config.ts'
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
  const { expose, prometheus, grafana } = config.monitoring
  return [
    ...config.services.map(({ name, port, expose, health }) => ({ name, port, expose, health })),
    ...(prometheus ? [{ name: 'prometheus', port: prometheus.port, expose, health: '/-/ready' }] : []),
    ...(grafana ? [{ name: 'grafana', port: grafana.port, expose, health: '/api/health' }] : []),
  ]
}

/** What the security group opens: exactly what the config exposes. */
export function openPorts(config: Config): OpenPort[] {
  return portsOf(config)
    .filter(({ expose }) => expose !== 'nobody')
    .map(({ name, port, expose }) => ({ port, cidrs: expose === 'public' ? ['0.0.0.0/0'] : (expose as readonly string[]), purpose: name }))
}
