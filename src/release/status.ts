import type { Config } from '../../config/config.ts'
import type { Clients } from '../aws/clients.ts'
import { codeOf } from '../aws/errors.ts'
import { Failure } from '../report/failure.ts'
import { type Port, portsOf } from './stage/ports.ts'
import { type Condition, conditionsOf, startedAgain, troubleOf } from './state/conditions.ts'
import { type Answer, checkHealth, urlOf } from './state/health-check.ts'
import { type Lock, lockOf } from './state/hold.ts'
import { lookAt, type StageState } from './state/stage-state.ts'

export interface ServiceStatus {
  readonly name: string
  /** undefined: not open to the outside. */
  readonly url: string | undefined
  readonly state: 'healthy' | 'unhealthy' | 'missing' | 'not checked' | 'not deployed'
  /** What is to be said of it: what is wrong, or how often it was started again. */
  readonly detail: string
  /** The digest of its image. */
  readonly image: string | undefined
}

export interface Status {
  readonly app: string
  readonly stage: string
  /** What runs on the machine that the address leads to. */
  readonly release: number | undefined
  /** Whether something was launched on it, by what the machine has or by what the ledger says. */
  readonly launched: boolean
  /** Who launched it, by the ledger. */
  readonly deployed: { readonly at: string; readonly by: string; readonly commit: string | undefined } | undefined
  readonly address: string | undefined
  /** Its container engine is known once something was launched on it. */
  readonly machine:
    | { readonly id: string; readonly state: string; readonly imageId: string; readonly engine: string | undefined }
    | undefined
  /** Why the machine could not be asked how its containers are; undefined where it was, or where there is none. */
  readonly silent: string | undefined
  /** The command that helps where the machine does not run, or does not answer. */
  readonly next: string | undefined
  readonly services: readonly ServiceStatus[]
  readonly missing: readonly string[]
  /** Releases whose stacks exist and serve nobody. */
  readonly leftovers: readonly number[]
  /** Who is changing the stage at the moment, or has frozen it. */
  readonly lock: Lock | undefined
}

/** How a stage is: what its machine says of its containers, and how those that are open answer from outside. */
export async function statusOf(clients: Clients, config: Config, signal: AbortSignal = new AbortController().signal): Promise<Status> {
  const [state, lock] = await Promise.all([lookAt(clients, config), lockOf(clients, config)])
  const { serving, elasticIp } = state
  const current = state.current?.release === serving?.runs ? state.current : undefined
  const deployed = current?.outcome === 'serving' ? current : undefined
  const ports = portsOf(config)
  const { conditions, silent, next } = await lookInside(clients, state, ports, signal)
  const services = await Promise.all(
    ports.map(async (port): Promise<ServiceStatus> => {
      const url = elasticIp && port.expose !== 'nobody' ? urlOf(elasticIp.address, port.port) : undefined
      const condition = conditions?.get(port.name)
      const image = condition?.image ?? deployed?.images[port.name]
      const base = { name: port.name, url, image }
      const missing = deployed?.missing.find((sentence) => sentence.startsWith(`${port.name} `))
      if (missing) return { ...base, state: 'missing', detail: missing }
      if (!serving || !image) return { ...base, state: 'not deployed', detail: '' }
      if (conditions && !condition) return { ...base, state: 'unhealthy', detail: 'its machine has no such container' }
      const asked = port.expose === 'public' || (!condition && url)
      const outside = asked
        ? await checkHealth(elasticIp!.address, port, condition?.identified ? condition.identity : undefined)
        : undefined
      return { ...base, ...judge(condition, outside, port) }
    }),
  )
  return {
    app: config.app,
    stage: config.stage,
    release: serving?.runs,
    launched: deployed !== undefined || (conditions?.size ?? 0) > 0,
    deployed: deployed && { at: deployed.at, by: deployed.by, commit: deployed.commit },
    address: elasticIp?.address,
    machine: serving && {
      id: serving.instance.id,
      state: serving.instance.state,
      imageId: serving.instance.imageId,
      engine: current?.machine?.engine,
    },
    silent,
    next,
    services,
    missing: deployed?.missing ?? [],
    leftovers: state.releases.filter((release) => release !== serving?.madeBy),
    lock,
  }
}

/** What a machine says of its containers; else why it says nothing, and the command that helps. */
export interface Inside {
  readonly conditions: ReadonlyMap<string, Condition> | undefined
  readonly silent: string | undefined
  readonly next: string | undefined
}

/**
 * What the machine of the serving release says of its containers, or why it says nothing. That it cannot be asked is
 * part of how a stage is, and no error.
 */
export async function lookInside(
  clients: Clients,
  { serving }: Pick<StageState, 'serving'>,
  ports: readonly Port[],
  signal: AbortSignal,
): Promise<Inside> {
  const nothing = { conditions: undefined, silent: undefined, next: undefined }
  if (!serving) return nothing
  const { instance } = serving
  if (instance.state !== 'running') {
    const next = instance.state === 'stopped' ? clients.command(`ec2 start-instances --instance-ids ${instance.id}`) : undefined
    return { ...nothing, silent: `it is ${instance.state}`, next }
  }
  try {
    return { ...nothing, conditions: await conditionsOf(clients, instance, ports, signal) }
  } catch (error) {
    signal.throwIfAborted()
    const code = codeOf(error)
    const silent = `${code && code !== 'Failure' ? `${code}: ` : ''}${(error as Error).message}`
    return { ...nothing, silent, next: error instanceof Failure ? error.details.next : undefined }
  }
}

/** One word and one sentence for what was seen of a container: on its machine, from outside, or both. */
export function judge(
  condition: Condition | undefined,
  outside: Answer | undefined,
  { expose }: Pick<Port, 'expose'>,
): Pick<ServiceStatus, 'state' | 'detail'> {
  const trouble = condition && troubleOf(condition)
  if (trouble !== undefined) return { state: 'unhealthy', detail: trouble }
  if (outside && !outside.healthy) return { state: 'unhealthy', detail: outside.seen }
  if (!condition && !outside) return { state: 'not checked', detail: 'not open to the outside' }
  const notes = [
    ...(condition && condition.restarts > 0 ? [`${startedAgain(condition.restarts)}, last ${Math.round(condition.upSeconds)} s ago`] : []),
    ...(outside ? [] : [`asked on its machine, ${expose === 'nobody' ? 'not open to the outside' : 'open to some only'}`]),
  ]
  return { state: 'healthy', detail: ['HTTP 200', ...notes].join(', ') }
}
