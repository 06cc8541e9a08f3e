import type { Config } from '../../config/config.ts'
import type { Clients } from '../aws/clients.ts'
import { leaseHolder } from './lease.ts'
import { checkHealth, urlOf } from './outside.ts'
import { portsOf } from './ports.ts'
import { lookAt } from './situation.ts'

export interface ServiceStatus {
  readonly name: string
  /** undefined: not open to the outside. */
  readonly url: string | undefined
  readonly state: 'healthy' | 'unhealthy' | 'missing' | 'not checked' | 'not deployed'
  /** What a check from here saw, or why there was none. */
  readonly detail: string
  /** The digest of its image. */
  readonly image: string | undefined
}

export interface Status {
  readonly app: string
  readonly stage: string
  /** What the address leads to. */
  readonly release: number | undefined
  /** Absent for a release that is provisioned only. */
  readonly deployed: { readonly at: string; readonly by: string; readonly commit: string | undefined } | undefined
  readonly address: string | undefined
  /** `next`: the command that helps, where it does not run. */
  readonly machine: { readonly id: string; readonly state: string; readonly next?: string } | undefined
  readonly services: readonly ServiceStatus[]
  readonly missing: readonly string[]
  /** Releases whose stacks exist and serve nobody. */
  readonly leftovers: readonly number[]
  /** Who is changing the stage at the moment. */
  readonly lockedBy: string | undefined
}

/** How a stage is, seen from outside. */
export async function statusOf(clients: Clients, config: Config): Promise<Status> {
  const [situation, holder] = await Promise.all([lookAt(clients, config), leaseHolder(clients, config)])
  const { serving, elasticIp, current } = situation
  const deployed = serving && current?.release === serving.release && current.outcome === 'serving' ? current : undefined
  const services = await Promise.all(
    portsOf(config).map(async (port): Promise<ServiceStatus> => {
      const url = elasticIp && port.expose !== 'nobody' ? urlOf(elasticIp.address, port.port) : undefined
      const base = { name: port.name, url, image: deployed?.images[port.name] }
      const missing = deployed?.missing.find((sentence) => sentence.startsWith(`${port.name} `))
      if (missing) return { ...base, state: 'missing', detail: missing }
      if (!serving || !base.image) return { ...base, state: 'not deployed', detail: '' }
      if (!url) return { ...base, state: 'not checked', detail: 'not open to the outside' }
      const { healthy, seen } = await checkHealth(elasticIp!.address, port)
      return { ...base, state: healthy ? 'healthy' : 'unhealthy', detail: seen }
    }),
  )
  return {
    app: config.app,
    stage: config.stage,
    release: serving?.release,
    deployed: deployed && { at: deployed.at, by: deployed.by, commit: deployed.commit },
    address: elasticIp?.address,
    machine: serving && machineOf(serving.instance, config.region),
    services,
    missing: deployed?.missing ?? [],
    leftovers: situation.releases.filter((release) => release !== serving?.release),
    lockedBy: holder,
  }
}

/** A machine that was stopped keeps its disk and its address: starting it brings all of it back, and a deploy would begin with nothing. */
function machineOf({ id, state }: { readonly id: string; readonly state: string }, region: string): Status['machine'] {
  if (state !== 'stopped' && state !== 'stopping') return { id, state }
  return { id, state, next: `aws ec2 start-instances --region ${region} --instance-ids ${id}` }
}
