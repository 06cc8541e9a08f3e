import type { Config, Expose } from '../../../config/config.ts'
import { suggest } from '../../../config/suggestion.ts'
import { monitoringServers } from '../../../monitoring/index.ts'
import type { OpenPort } from '../../aws/resources/security-group.ts'
import { exit, Failure } from '../../report/failure.ts'

/** Something that listens on the machine, and who may reach it. */
export interface Port {
  readonly name: string
  readonly kind: 'service' | 'monitoring'
  readonly port: number
  readonly expose: Expose
  /** Where it answers 200 when it is well. */
  readonly health: string
  /** Whether it lets nobody in who has no token. */
  readonly demandsToken: boolean
}

/** Everything of a config that listens. */
export function portsOf(config: Config): Port[] {
  const port = (kind: Port['kind'], demandsToken: boolean) => (of: Pick<Port, 'name' | 'port' | 'expose' | 'health'>) => ({
    name: of.name,
    kind,
    port: of.port,
    expose: of.expose,
    health: of.health,
    demandsToken,
  })
  return [
    ...config.services.map((service) => port('service', service.auth === 'token')(service)),
    ...monitoringServers(config).map(port('monitoring', false)),
  ]
}

/** What the security group opens: exactly what the config exposes. */
export function openPorts(config: Config): OpenPort[] {
  return portsOf(config)
    .filter(({ expose }) => expose !== 'nobody')
    .map(({ name, port, expose }) => ({ port, cidrs: expose === 'public' ? ['0.0.0.0/0'] : (expose as readonly string[]), purpose: name }))
}

/**
 * Refuses the name of a container that the config does not have.
 * @throws Failure (usage) with the names there are
 */
export function refuseUnknownService(config: Config, name: string): void {
  const known = portsOf(config).map((port) => port.name)
  if (known.includes(name)) return
  const meant = suggest(name, known)
  throw new Failure(`There is no service "${name}".${meant ? ` Did you mean "${meant}"?` : ''}`, {
    on: `stage ${config.stage} of ${config.app}`,
    likely: `The config has ${known.join(', ')}.`,
    code: exit.usage,
  })
}
