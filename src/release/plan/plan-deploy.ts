import { fingerprintOf } from '../launch/fingerprint.ts'
import { digestsOf } from '../launch/images.ts'
import type { PlannedImages } from './operations/images.ts'
import type { Plan } from './plan.ts'
import { priceOf } from './price.ts'
import { provisionOperations, type ReleaseOperations, type Replacement, releaseOperations } from './release-operations.ts'
import { replacements } from './strategy/index.ts'
import { leftovers } from './strategy/retirements.ts'
import type { Work } from './work.ts'

/**
 * Plans a deploy from what is wanted, what is there and how much capacity there is. Pure.
 * @param images by name, once they are built; a deploy builds them while its machine starts, so its plan has none
 * @throws Failure when the account's quotas leave no room for a new release
 */
export function planDeploy(work: Work, images?: PlannedImages): Plan {
  const replacement = replacements[work.config.strategy](work)
  return planOf(work, replacement, releaseOperations(work, replacement, images), images)
}

/** Plans the resources of a stage and an empty machine. Pure; throws as `planDeploy` does. */
export function planProvision(work: Work): Plan {
  const replacement = replacements[work.config.strategy](work)
  return planOf(work, replacement, provisionOperations(work, replacement))
}

function planOf(work: Work, { before }: Replacement, operations: ReleaseOperations, images?: PlannedImages): Plan {
  const { config, account, state, recipes } = work
  return {
    release: state.next,
    account,
    region: config.region,
    strategy: config.strategy,
    operations,
    leftovers: leftovers(state),
    first: before.map(({ release }) => release),
    replaces: state.serving?.runs,
    missing: recipes.missing,
    price: priceOf(config),
    changes: images && changes(work, images),
    interrupts: operations.all.flatMap(({ interrupts }) => interrupts ?? []).join(' '),
  }
}

/** Whether a deploy of these images would launch anything else than what serves now. */
function changes({ config, state }: Work, images: PlannedImages): boolean {
  const { current, serving } = state
  if (leftovers(state).length > 0 || serving?.runs !== current?.release) return true
  return current?.fingerprint !== fingerprintOf(config, digestsOf(images))
}
