import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from '../../../aws/clients.ts'
import type { Instance } from '../../../aws/resources/instance.ts'
import { runCommand } from '../../../aws/run-command.ts'
import { lameDuckScript } from '../../launch/lame-duck.ts'
import type { Serving } from '../../state/stage-state.ts'
import { type AnyOperation, operation } from '../operation.ts'
import type { Work } from '../work.ts'

/**
 * For how long clients are let go before the address moves, in seconds: a connection on which its client asks nothing
 * is closed once it was quiet for a second (services/kit), and until then every answer ends its own. It ends by itself
 * half a minute later, so a promotion that fails leaves everything as it was.
 */
const lettingGo = 1.5

/** How long the machine may take to tell its services, in seconds. */
const patience = 20

/**
 * Lets the clients of the release that serves go: its services say on every answer that the connection closes, and go
 * on serving. So the move of the address finds nobody on a connection but requests in flight. A machine that cannot be
 * told is left as it is.
 */
export function lameDuckOperation({ clients }: Work, { runs, instance }: Serving, after: readonly AnyOperation[]) {
  return operation({
    phase: 'promote',
    title: 'let clients go',
    lines: [{ glyph: '~', what: 'connections', detail: `release ${runs} closes them after each answer, for ${lettingGo} s` }],
    after,
    async run(_, { signal, progress }) {
      const told = await tell(clients, instance, signal, progress)
      if (told.names.length > 0) await sleep(lettingGo * 1000, undefined, { signal })
      return told
    },
    label: ({ names, why }) => (names.length > 0 ? names.join(', ') : `not told: ${why}`),
  })
}

/** The services that were told; where there is none, why. */
async function tell(clients: Clients, instance: Instance, signal: AbortSignal, waiting: (detail: string) => void) {
  try {
    const options = { comment: 'Let clients go', seconds: patience, deliverWithin: 10, signal, waiting }
    const { status, stdout, stderr } = await runCommand(clients, instance.id, lameDuckScript, options)
    const names = stdout.split('\n').filter(Boolean)
    if (status !== 'Success') return { names, why: `${status} ${stderr.trim().split('\n').at(-1)}`.trim() }
    return { names, why: 'none of its services can be' }
  } catch (error) {
    signal.throwIfAborted()
    // A machine that takes no commands may be why this release is deployed.
    return { names: [], why: (error as Error).message }
  }
}
