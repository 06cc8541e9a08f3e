import { hasToken, serviceToken } from '../../config/access.ts'
import type { Config } from '../../config/config.ts'
import type { Result } from '../../services/kit/smoke.ts'
import type { Clients } from '../aws/clients.ts'
import type { Emit } from '../report/event.ts'
import { Failure } from '../report/failure.ts'
import { type StepOutcome, step } from '../report/step.ts'
import { readSecret } from './launch/secrets.ts'
import { smokeTest } from './smoke.ts'
import { portsOf } from './stage/ports.ts'
import { type Condition, startedAgain, troubleOf } from './state/conditions.ts'
import { checkHealth } from './state/health-check.ts'
import { type StageState, servingRelease } from './state/stage-state.ts'
import { lookInside } from './status.ts'

export interface Verified {
  readonly service: string
  /** Empty for what can be reached neither from here nor through the machine. */
  readonly results: readonly Result[]
}

/**
 * Verifies a running stage: asks the machine how each container is, smoke-tests every service by the checks of its own
 * folder and those that hold for every service on the kit, and looks whether it is the launched one that answers.
 * @throws Failure when nothing serves, or when the token of its services cannot be read
 */
export async function verifyStage(
  clients: Clients,
  config: Config,
  state: StageState,
  emit: Emit,
  signal: AbortSignal = new AbortController().signal,
): Promise<Verified[]> {
  const address = state.elasticIp?.address
  const instance = state.serving?.instance
  if (address === undefined || instance === undefined || servingRelease(state) === undefined)
    throw new Failure('Nothing serves, so there is nothing to verify', {
      on: `stage ${config.stage} of ${config.app}`,
      next: `npx zx scripts/deploy.mjs --stage ${config.stage}`,
    })
  const [{ conditions, silent }, token] = await Promise.all([
    lookInside(clients, state, portsOf(config), signal),
    hasToken(config) ? readSecret(clients, config, serviceToken) : undefined,
  ])
  return Promise.all(
    config.services.map(async (service) => {
      const { name, port, expose, health } = service
      if (!conditions && expose === 'nobody') {
        const detail = `not open to the outside, and its machine cannot be asked: ${silent}`
        emit({ phase: 'verify', step: name, state: 'skipped', detail })
        return { service: name, results: [] }
      }
      const work = async () => {
        const condition = conditions?.get(name)
        const inside = conditions ? [onItsMachine(condition)] : []
        const identity = condition?.identified ? condition.identity : undefined
        const launched = expose === 'public' && identity !== undefined ? [await thisLaunch(address, { port, health }, identity)] : []
        // Where the machine cannot be asked it is asked from here, for what we may see of it.
        const seen = conditions ? service : { ...service, expose: 'public' as const }
        const onKit = condition === undefined || condition.identified
        return [...inside, ...launched, ...(await smokeTest(seen, onKit, { clients, config, address, instance, token, signal }))]
      }
      const results = await step(emit, { phase: 'verify', step: name }, work, outcomeOf)
      return { service: name, results }
    }),
  )
}

function outcomeOf(results: readonly Result[]): StepOutcome {
  const failed = results.filter(({ ok }) => !ok).length
  if (failed > 0) return { state: 'failed', detail: `${failed} of ${results.length} checks failed` }
  return { state: 'done', detail: `${results.length} checks` }
}

function onItsMachine(condition: Condition | undefined): Result {
  const trouble = condition ? troubleOf(condition) : 'there is no such container'
  const again = condition && condition.restarts > 0 ? `, ${startedAgain(condition.restarts)}` : ''
  return {
    name: 'it is healthy on its machine',
    ok: trouble === undefined,
    expected: 'a container that runs and answers 200',
    got: `${trouble ?? condition?.answer ?? ''}${again}`,
    milliseconds: 0,
  }
}

/** That what answers at the address is what was launched, and no other program or stage. */
async function thisLaunch(address: string, port: Parameters<typeof checkHealth>[1], identity: string): Promise<Result> {
  const start = performance.now()
  const { healthy, seen } = await checkHealth(address, port, identity)
  return {
    name: 'the launched release answers at the address',
    ok: healthy,
    expected: `status 200 from launch ${identity}`,
    got: seen,
    milliseconds: performance.now() - start,
  }
}
