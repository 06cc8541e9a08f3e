import { criticalPath } from '../aws/critical-path.ts'
import { associate } from '../aws/elastic-ip.ts'
import { createRepository, createStack, planCreation } from './creation.ts'
import type { Deployed, DeployOptions } from './deploy.ts'
import { writeEntry } from './ledger.ts'
import { Phases, together } from './phases.ts'
import { retire } from './retire.ts'

/** Creates the stage resources and a stack, leads the address to its machine, and stops there: nothing is built and nothing is launched. */
export async function provision(options: DeployOptions): Promise<Pick<Deployed, 'release' | 'address' | 'seconds' | 'critical'>> {
  const { config, clients, plan, lease, tell, owner } = options
  const signal = AbortSignal.any([options.signal, lease.signal])
  const phases = new Phases(tell)
  const creation = await planCreation(options)
  const later = plan.leftovers.filter((release) => !plan.first.includes(release))
  try {
    if (plan.first.length > 0) await phases.run('retire', () => retire(clients, config, plan.first, 'retire', signal, tell))
    const [[elasticIp, instance, timings]] = await phases.run('create', () =>
      together(signal, [(signal) => createStack(creation, signal, tell), (signal) => createRepository(creation, signal, tell)]),
    )
    // The entry says that a machine is there and nothing runs on it, which is true wherever the address leads.
    await together(signal, [
      () => phases.run('promote', () => associate(clients, elasticIp, instance.id)),
      () =>
        writeEntry(clients, config, {
          release: plan.release,
          outcome: 'provisioned',
          at: new Date().toISOString(),
          by: `${owner.user}@${owner.host}`,
          images: {},
          missing: [],
          seconds: phases.seconds,
        }),
    ])
    if (later.length > 0) await phases.run('retire', () => retire(clients, config, later, 'retire', signal, tell))
    return { release: plan.release, address: elasticIp.address, seconds: phases.seconds, critical: criticalPath(timings) }
  } catch (error) {
    if (lease.signal.aborted) throw lease.signal.reason
    await phases.run('clear away', () => retire(clients, config, [plan.release], 'clear away', lease.signal, tell))
    throw error
  }
}
