import type { Clients } from '../aws/clients.ts'
import { looking, runCommand } from '../aws/run-command.ts'
import { exit, Failure } from '../report/failure.ts'
import type { StageId } from './stage/names.ts'
import { lookAt } from './state/stage-state.ts'

/** Run Command keeps the first 24,000 characters of what a command prints, and it is the last lines that are wanted. */
const mostBytes = 23_000

/**
 * The last lines of what a container of the serving release has printed, both streams, oldest first.
 * @throws Failure when nothing runs, or there is no such container
 */
export async function logsOf(clients: Clients, id: StageId, container: string, lines: number, signal: AbortSignal): Promise<string> {
  const { serving } = await lookAt(clients, id)
  if (!serving)
    throw new Failure('Nothing runs, so there are no logs', {
      on: `stage ${id.stage} of ${id.app}`,
      next: `npx zx scripts/deploy.mjs --stage ${id.stage}`,
    })
  const { instance } = serving
  if (instance.state !== 'running')
    throw new Failure(`The machine is ${instance.state}, so nothing on it can be asked`, {
      on: `instance ${instance.id}`,
      next:
        instance.state === 'stopped'
          ? clients.command(`ec2 start-instances --instance-ids ${instance.id}`)
          : `npx zx scripts/status.mjs --stage ${id.stage}`,
    })
  const script = `docker inspect ${container} >/dev/null && docker logs --tail ${lines} ${container} 2>&1 | tail -c ${mostBytes}`
  const options = { comment: `Logs of ${container}`, ...looking, signal, waiting: () => undefined }
  const { exitCode, stdout, stderr } = await runCommand(clients, instance.id, script, options)
  if (exitCode === 0) return stdout.trimEnd()
  throw new Failure(`There are no logs of ${container}`, {
    on: `instance ${instance.id}`,
    log: stderr.trimEnd().split('\n').slice(-20),
    likely: 'The serving release has no container of this name.',
    next: `npx zx scripts/status.mjs --stage ${id.stage}`,
    code: exit.failed,
  })
}

/** How a container of a machine ended, and what it said. */
export interface LastWords {
  /** How often the engine started it again after it had ended. */
  readonly restarts: number
  readonly outOfMemory: boolean
  /** Its last lines, oldest first. */
  readonly log: readonly string[]
}

/**
 * Asks a machine for the last words of one of its containers. Throws what Run Command throws, and when there is no such
 * container.
 */
export async function lastWordsOf(clients: Clients, instanceId: string, container: string, signal: AbortSignal): Promise<LastWords> {
  const script = `docker inspect -f '{{.RestartCount}} {{.State.OOMKilled}}' ${container} && docker logs --tail 20 ${container} 2>&1 | tail -c ${mostBytes}`
  const options = { comment: `Last words of ${container}`, seconds: 60, signal, waiting: () => undefined }
  const { exitCode, stdout, stderr } = await runCommand(clients, instanceId, script, options)
  if (exitCode !== 0) throw new Failure(stderr.trim(), { on: `container ${container}, instance ${instanceId}` })
  const [first = '', ...log] = stdout.trimEnd().split('\n')
  const [restarts, outOfMemory] = first.split(' ')
  return { restarts: Number(restarts), outOfMemory: outOfMemory === 'true', log }
}

/**
 * A flag's value as a count.
 * @throws Failure (usage) for anything but a whole number from 1 to 10000
 */
export function countOf(flag: string, text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 10_000) return count
  throw new Failure(`${flag} ${text}: expected a whole number from 1 to 10000`, { on: flag, code: exit.usage })
}
