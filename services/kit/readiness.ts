import type { Log } from './log.ts'
import { Reply } from './reply.ts'

/**
 * Looks whether something that the service needs is there.
 * @returns why not, as a phrase; undefined when all is well
 */
export type ReadyCheck = () => string | undefined | Promise<string | undefined>

export interface Readiness {
  add(check: ReadyCheck): void
  /** From now on it is not ready, whatever the checks say: the service ends. */
  end(): void
  /** What `/ready` answers: 200, or 503 with the reasons. */
  reply(): Promise<Reply>
}

/**
 * Whether a service may get traffic. That is more than being healthy: a healthy service that loads a model or ends is
 * not ready, and to start it anew would not help.
 */
export function createReadiness(service: string, log: Log): Readiness {
  const checks: ReadyCheck[] = []
  let ending = false

  const ask = async (check: ReadyCheck) => {
    try {
      return await check()
    } catch (error) {
      log('error', 'readiness could not be checked', { error })
      return 'a check failed; the log has more'
    }
  }

  return {
    add: (check) => void checks.push(check),
    end() {
      ending = true
    },
    async reply() {
      const found = ending ? ['the service is shutting down'] : await Promise.all(checks.map(ask))
      const reasons = found.filter((reason) => reason !== undefined)
      if (reasons.length === 0) return Reply.json({ status: 'ready', service })
      return Reply.json({ status: 'not ready', service, reasons }, { status: 503, headers: { 'retry-after': '1' } })
    },
  }
}
