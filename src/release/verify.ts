import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from '../../config/config.ts'
import { Failure } from '../../config/failure.ts'
import { type Check, type Result, runSmoke } from '../../services/kit/smoke.ts'
import type { Tell } from '../event.ts'
import { urlOf } from './outside.ts'
import { type Situation, servingRelease } from './situation.ts'

export interface Verified {
  readonly service: string
  /** Empty for a service that cannot be reached from here. */
  readonly results: readonly Result[]
}

/**
 * Smoke-tests every service of a running stage at its address: the checks of its own folder, and those that hold for every service.
 * @throws Failure when nothing serves
 */
export async function verifyStage(config: Config, situation: Situation, tell: Tell): Promise<Verified[]> {
  const address = situation.elasticIp?.address
  if (address === undefined || servingRelease(situation) === undefined)
    throw new Failure('Nothing serves, so there is nothing to verify', {
      on: `stage ${config.stage} of ${config.app}`,
      next: `npx zx scripts/deploy.mjs --stage ${config.stage}`,
    })
  return Promise.all(
    config.services.map(async ({ name, port, expose, source }) => {
      if (expose === 'nobody') {
        tell({ phase: 'verify', step: name, state: 'skipped', detail: 'not open to the outside' })
        return { service: name, results: [] }
      }
      const start = performance.now()
      tell({ phase: 'verify', step: name, state: 'started' })
      const results = await runSmoke({ address: urlOf(address, port), service: name, checks: await checksOf(source) })
      const failed = results.filter(({ ok }) => !ok).length
      tell({
        phase: 'verify',
        step: name,
        state: failed === 0 ? 'done' : 'failed',
        detail: failed === 0 ? `${results.length} checks` : `${failed} of ${results.length} checks failed`,
        seconds: (performance.now() - start) / 1000,
      })
      return { service: name, results }
    }),
  )
}

/** The checks a service brings along: what `smoke.ts` beside its entry exports as default. */
async function checksOf(source: Config['services'][number]['source']): Promise<readonly Check[]> {
  const file = join(dirname('entry' in source ? source.entry : source.dockerfile), 'smoke.ts')
  if (!existsSync(file)) return []
  return ((await import(pathToFileURL(file).href)) as { default: readonly Check[] }).default
}
