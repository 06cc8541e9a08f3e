import { randomBytes } from 'node:crypto'
import type { Instance } from '../../../aws/resources/instance.ts'
import type { Phase } from '../../../report/event.ts'
import { runHere } from '../../launch/containers.ts'
import { launch } from '../../launch/launch.ts'
import { launchOn } from '../../launch/launch-description.ts'
import { lastWordsOf } from '../../logs.ts'
import { type Port, portsOf } from '../../stage/ports.ts'
import { checkPublicPorts } from '../../state/health-check.ts'
import type { KeptLaunch } from '../../state/launch-store.ts'
import { type AnyOperation, type Glyph, type Operation, operation, type PlanLine } from '../operation.ts'
import type { Work } from '../work.ts'
import type { Created } from './resources.ts'

type Push = Operation<KeptLaunch>
type Stack = Operation<Created>

/** What runs on the machine of a release. */
export interface LaunchedRelease {
  readonly instance: Instance
  /** The version of the machine's container engine. */
  readonly engine: string
  /**
   * What the answers of a container carry, so that this launch of it can be told from every other; undefined for one
   * that answers with none.
   */
  identityOf(container: string): string | undefined
}

/** Every container of the release on its machine, by one Run Command. Monitoring comes up behind the services. */
export function launchOperation(work: Work, push: Push, stack: Stack, after: readonly AnyOperation[]) {
  const { config, clients, state, owner, recipes } = work
  return operation({
    phase: 'launch',
    title: 'launch',
    lines: [
      ...launchedPorts(work)
        .filter(({ kind }) => kind === 'service')
        .map((port) => containerLine(work, port)),
      ...(recipes.recipes.some(({ name }) => name === 'secrets')
        ? [{ glyph: containerGlyph(work), what: 'container secrets', detail: 'brings the secrets into memory' }]
        : []),
    ],
    quiet: true,
    needs: { push, stack },
    after,
    async run({ push, stack: { instance } }, { signal }): Promise<LaunchedRelease> {
      // Nobody else's: stages count their releases alike, and two of them may meet at one address.
      const identity = `${state.next}-${randomBytes(9).toString('base64url')}`
      const by = `${owner.user}@${owner.host}`
      const what = launchOn(push.description, { address: instance.privateIp!, identity, at: Date.now(), by })
      const { engine, identified } = await launch(clients, config, instance, what, {
        signal,
        waiting: (detail) => work.emit({ phase: 'launch', step: 'instance', state: 'progress', detail }),
        nextFor: (container) => runHere(config, container),
      })
      return { instance, engine, identityOf: (container) => (identified.includes(container) ? identity : undefined) }
    },
  })
}

/** How a plan shows a container that listens. */
export function containerLine(work: Work, port: Port): PlanLine {
  return { glyph: containerGlyph(work), what: `container ${port.name}`, detail: `port ${port.port}, ${exposure(port)}` }
}

function containerGlyph({ state }: Work): Glyph {
  return state.serving === undefined ? '+' : '-/+'
}

function exposure({ expose }: Port): string {
  if (expose === 'public') return 'open to the world'
  return expose === 'nobody' ? 'not open' : `open to ${expose.join(', ')}`
}

/** Every service that is open to the world, checked at the machine's own address before anybody is led there. */
export function checkOperation(work: Work, launch: Operation<LaunchedRelease>) {
  return operation({
    phase: 'verify',
    title: 'check',
    lines: [{ glyph: ' ', what: 'check', detail: 'the services from outside, at the address of the new machine' }],
    quiet: true,
    needs: { launch },
    async run({ launch }, { signal }) {
      if (launch.instance.publicIp) await checkRelease(work, launch, launch.instance.publicIp, 'verify', signal)
    },
  })
}

/** Checks that every service of a launch, and nothing else, answers from outside at an address. */
export function checkRelease(work: Work, launched: LaunchedRelease, address: string, phase: Phase, signal: AbortSignal): Promise<void> {
  const inside = (container: string) => lastWordsOf(work.clients, launched.instance.id, container, signal)
  const services = launchedPorts(work).filter(({ kind }) => kind === 'service')
  return checkPublicPorts(address, services, phase, signal, work.emit, launched.identityOf, inside)
}

/** The ports of what is launched: without the monitoring servers that were left out. */
export function launchedPorts({ config, recipes }: Pick<Work, 'config' | 'recipes'>): Port[] {
  const present = new Set(recipes.recipes.map(({ name }) => name))
  return portsOf(config).filter(({ name }) => present.has(name))
}
