import type { ElasticIp } from '../../../aws/resources/elastic-ip.ts'
import { until } from '../../../aws/retry.ts'
import { Failure } from '../../../report/failure.ts'
import { step } from '../../../report/step.ts'
import { awaitMonitoring } from '../../launch/monitoring.ts'
import { checkHealth, urlOf } from '../../state/health-check.ts'
import type { KeptLaunch } from '../../state/launch-store.ts'
import { type Operation, operation } from '../operation.ts'
import type { Work } from '../work.ts'
import { containerLine, type LaunchedRelease, launchedPorts } from './launch.ts'

/** How long a server may take to answer at the address, in seconds: it is healthy on its machine. */
const patience = 30

/**
 * Waits until the servers of monitoring are up and Prometheus has scraped every service once. They came up behind the
 * services, and a release is none the worse without them: what of them does not work is the result, and no error.
 * None where nothing is monitored.
 */
export function monitoringOperations(
  work: Work,
  push: Operation<KeptLaunch>,
  launch: Operation<LaunchedRelease>,
  elasticIp: Operation<ElasticIp>,
  promote: Operation,
): Operation<Failure[]>[] {
  const servers = launchedPorts(work).filter(({ kind }) => kind === 'monitoring')
  if (servers.length === 0) return []
  const { clients, emit } = work
  const scrapes = servers.some(({ name }) => name === 'prometheus')
  return [
    operation({
      phase: 'monitor',
      title: 'monitoring',
      lines: [
        ...servers.map((server) => containerLine(work, server)),
        ...(scrapes ? [{ glyph: ' ' as const, what: 'check', detail: 'Prometheus scrapes every service once' }] : []),
      ],
      quiet: true,
      needs: { push, launch, elasticIp },
      meanwhile: { promoted: promote },
      async run({ push, launch, elasticIp, promoted }, { signal }): Promise<Failure[]> {
        const told = (detail: string) => emit({ phase: 'monitor', step: 'instance', state: 'progress', detail })
        try {
          const outcomes = await awaitMonitoring(clients, launch.instance, push.description, { signal, waiting: told })
          await promoted
          const failures = outcomes.map(({ name, failure }) =>
            step(
              emit,
              { phase: 'monitor', step: name },
              async () => failure ?? (await silentOutside(name, elasticIp.address)),
              (why) => ({ state: why ? 'failed' : 'done', detail: why?.message }),
            ),
          )
          return (await Promise.all(failures)).filter((why) => why !== undefined)
        } catch (error) {
          signal.throwIfAborted()
          // The release serves or does not, whatever can be said of its monitoring.
          await promoted
          return [new Failure(`Monitoring could not be asked for: ${(error as Error).message}`, { on: `instance ${launch.instance.id}` })]
        }

        async function silentOutside(name: string, address: string): Promise<Failure | undefined> {
          const server = servers.find((each) => each.name === name)
          if (server?.expose !== 'public') return undefined
          let seen = ''
          const ask = async () => {
            const answer = await checkHealth(address, server)
            seen = answer.seen
            return answer.healthy || undefined
          }
          if (await until(ask, { within: patience, signal })) return undefined
          const url = urlOf(address, server.port, server.health)
          return new Failure(`${name} is healthy on its machine but does not answer from outside: ${seen}`, {
            on: url,
            likely: 'This network does not let the port through, or another program has it.',
            next: `curl -v ${url}`,
          })
        }
      },
    }),
  ]
}
