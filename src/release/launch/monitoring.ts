import type { Clients } from '../../aws/clients.ts'
import type { Instance } from '../../aws/resources/instance.ts'
import { runCommand } from '../../aws/run-command.ts'
import { Failure } from '../../report/failure.ts'
import { type FailedStep, whyFailed } from './launch-steps.ts'
import { type Monitored, monitoringScript, monitoringSeconds } from './monitoring-script.ts'

/** What came of a server of monitoring, or of the scraping of a service. */
export interface MonitoringOutcome {
  readonly kind: 'monitor' | 'scrape'
  /** Of the server, or of the service. */
  readonly name: string
  /** Why it does not work; undefined where it does. */
  readonly failure: Failure | undefined
}

/**
 * Waits, by one Run Command, until the monitoring that a launch has begun is up on a machine and has scraped every
 * service once.
 * @returns what came of each: that something of it does not work is no error
 * @throws what Run Command throws
 */
export async function awaitMonitoring(
  clients: Clients,
  instance: Instance,
  launched: Monitored,
  { signal, waiting }: { signal: AbortSignal; waiting: (detail: string) => void },
): Promise<MonitoringOutcome[]> {
  const script = monitoringScript(launched, instance.privateIp!)
  const result = await runCommand(clients, instance.id, script, {
    comment: 'Wait for monitoring',
    seconds: monitoringSeconds,
    signal,
    waiting,
  })
  return readMonitoring(result.stdout, instance.id)
}

/** Reads what the script has printed. */
export function readMonitoring(text: string, instanceId: string): MonitoringOutcome[] {
  return text
    .split(/^(?=monitor |scrape )/m)
    .filter(Boolean)
    .map((part) => {
      const [first = '', ...indented] = part.trimEnd().split('\n')
      const [kind, name = ''] = first.split(' ') as [MonitoringOutcome['kind'], string]
      const lines = indented.map((line) => line.slice(2))
      const failure = kind === 'monitor' ? startFailure(name, lines, instanceId) : scrapeFailure(name, lines, instanceId)
      return { kind, name, failure }
    })
}

/** @param lines what the start of a server has left: its result, and after a failure the last lines of its log */
function startFailure(name: string, [first, ...log]: readonly string[], instanceId: string): Failure | undefined {
  const on = `container ${name}, instance ${instanceId}`
  if (first === undefined)
    return new Failure(`${name} has not come up yet`, { on, likely: 'Its image is large, or the machine is busy: it goes on starting.' })
  const result = JSON.parse(first) as { readonly ok: true } | FailedStep
  if (result.ok) return undefined
  const { message, likely } = whyFailed(result) ?? { message: `${name} did not come up`, likely: undefined }
  return new Failure(message, { on, log, ...(likely === undefined ? {} : { likely }) })
}

/** @param lines what Prometheus tells of the target */
function scrapeFailure(name: string, lines: readonly string[], instanceId: string): Failure | undefined {
  const told = lines.join(' ').trim()
  if (told.includes('"health":"up"')) return undefined
  const error = /"lastError":"((?:[^"\\]|\\.)*)"/.exec(told)?.[1]
  return new Failure(`Prometheus has not scraped ${name} yet`, {
    on: `instance ${instanceId}`,
    log: [error || told || 'It does not know it as a target.'],
  })
}
