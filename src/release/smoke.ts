import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { guardOf, hasToken, serviceToken } from '../../config/access.ts'
import type { Config, Service } from '../../config/config.ts'
import { type Check, type Result, runSmoke } from '../../services/kit/smoke.ts'
import type { Clients } from '../aws/clients.ts'
import type { Instance } from '../aws/resources/instance.ts'
import { urlOf } from './state/health-check.ts'
import { wayOnMachine } from './state/way-on-machine.ts'

/** Where a service is smoke-tested. */
export interface Tested {
  readonly clients: Clients
  readonly config: Config
  /** Where it answers from outside; undefined where nobody is led to it yet. */
  readonly address: string | undefined
  readonly instance: Pick<Instance, 'id' | 'privateIp'>
  /** The stage's token; undefined where it has none. */
  readonly token: string | undefined
  readonly signal: AbortSignal
}

/**
 * Smoke-tests a service by the checks of its own folder, and by those that hold for every service on the kit: from here
 * where it is open to the world, and else on its machine.
 * @param onKit whether it is on the kit
 * @returns one result a check; it rejects only when the run is stopped
 */
export async function smokeTest(service: Service, onKit: boolean, tested: Tested): Promise<Result[]> {
  const { clients, config, address, instance, token, signal } = tested
  const { name, port, expose, source } = service
  const guarded = guardOf(service)
  const way =
    expose === 'public' && address !== undefined
      ? urlOf(address, port)
      : wayOnMachine(clients, instance, { name, port, token: hasToken(config) && guarded !== 'nothing' ? serviceToken : undefined }, signal)
  return await runSmoke({ address: way, service: name, checks: await checksOf(source), onKit, access: { guarded, token } })
}

/** The checks a service brings along: what `smoke.ts` beside its entry exports as default. */
async function checksOf(source: Service['source']): Promise<readonly Check[]> {
  const file = join(dirname('entry' in source ? source.entry : source.dockerfile), 'smoke.ts')
  if (!existsSync(file)) return []
  return ((await import(pathToFileURL(file).href)) as { default: readonly Check[] }).default
}
