import { relative } from 'node:path'
import { hasToken, serviceToken } from '../../../../config/access.ts'
import type { Config, Service } from '../../../../config/config.ts'
import type { Result } from '../../../../services/kit/smoke.ts'
import type { Instance } from '../../../aws/resources/instance.ts'
import { Failure } from '../../../report/failure.ts'
import { step } from '../../../report/step.ts'
import { readSecret } from '../../launch/secrets.ts'
import { smokeTest } from '../../smoke.ts'
import { type AnyOperation, type Operation, operation } from '../operation.ts'
import type { Work } from '../work.ts'
import type { LaunchedRelease } from './launch.ts'

/**
 * Smoke-tests every service of a launch before anybody is led to it: from outside at the new machine's own address
 * where it is open to the world, and else on the machine.
 */
export function smokeOperation(work: Work, launch: Operation<LaunchedRelease>, after: readonly AnyOperation[]) {
  const { clients, config, emit } = work
  return operation({
    phase: 'verify',
    title: 'smoke',
    lines: [{ glyph: ' ', what: 'smoke', detail: 'what each service promises; what is not open to the world, on the machine' }],
    quiet: true,
    needs: { launch },
    after,
    async run({ launch }, { signal }) {
      const { instance } = launch
      const token = hasToken(config) ? await readSecret(clients, config, serviceToken) : undefined
      const where = { clients, config, address: instance.publicIp, instance, token, signal }
      await Promise.all(
        config.services.map(async (service) => {
          const onKit = launch.identityOf(service.name) !== undefined
          const results = await step(
            emit,
            { phase: 'verify', step: `smoke ${service.name}` },
            () => smokeTest(service, onKit, where),
            (results) => ({ state: results.every(({ ok }) => ok) ? 'done' : 'failed', detail: `${results.length} checks` }),
          )
          if (results.some(({ ok }) => !ok)) throw brokenPromise(config, service, instance, results)
        }),
      )
    },
  })
}

function brokenPromise(config: Config, { name, source }: Service, instance: Instance, results: readonly Result[]): Failure {
  const failed = results.filter(({ ok }) => !ok)
  const folder = relative(config.folder, 'entry' in source ? source.entry : source.dockerfile).replace(/[^/]+$/, '')
  return new Failure(`${name} is healthy, but ${failed.length} of its ${results.length} smoke checks failed`, {
    on: `container ${name}, instance ${instance.id}`,
    log: failed.map(({ name, expected, got }) => `${name}: expected ${expected}, got ${got}`),
    likely: `It answers otherwise than ${folder}smoke.ts, or the kit, says. Either of them is wrong.`,
    next: `npm test -- ${folder}`,
  })
}
