import { setTimeout as pause } from 'node:timers/promises'
import { commandIn } from './next-command.ts'
import type { Stage } from './stage.ts'
import { type Seen, startUsers, type Used } from './users.ts'

/**
 * By what a stage came back: an operating system or AWS would have done as much; looking at it was enough; or the
 * command that `status` names.
 */
const ways = ['itself', 'status', 'command'] as const
export type Way = (typeof ways)[number]

/** One disturbance. */
export interface Case {
  readonly name: string
  /** What may be needed at most. */
  readonly by: Way
  /** Services whose users must not notice anything. */
  readonly untouched?: readonly Used[]
  /** Why it cannot be tried on this stage. */
  impossible?(stage: Stage): string | undefined
  /** `served`: resolves when users who must not notice anything have been served meanwhile. */
  disturb(stage: Stage, served: () => Promise<void>): Promise<void>
}

/** What came of it. */
export interface Row {
  readonly name: string
  readonly silent: number
  readonly by: string
  readonly acknowledged: number
  readonly lost: number
  /** Why it failed, one line each; none where it passed. */
  readonly problems: readonly string[]
}

/** How long it may take until everything serves again, in seconds: generous, for the machine may be busy. */
const patience = 45
/** How long a stage that may need a command gets to come back without one, in seconds. */
const grace = 4
/** So long must all be well, in ms: what was not yet noticed is no recovery. */
const steady = 2000

/** Disturbs a stage while it is used, lets it come back, and looks what is left of it. */
export async function tryCase(stage: Stage, { name, by: most, untouched = [], disturb }: Case): Promise<Row> {
  const problems: string[] = []
  const users = startUsers(stage)
  let by = 'nothing'
  try {
    await users.served(patience)
    await disturb(stage, () => users.served(patience, untouched))
    const way = await comeBack(stage, most, problems)
    by = way ?? by
    if (way && ways.indexOf(way) > ways.indexOf(most)) problems.push(`it needed ${way}, expected ${most}`)
    if (way) await users.served(patience)
  } catch (error) {
    problems.push((error as Error).message)
  }
  const seen = await users.stop()
  for (const service of untouched) problems.push(...noticed(service, seen[service]))
  const found = await stage.book.readBack(stage.url('data-ingestion')).catch((error: Error) => {
    problems.push(error.message)
    return { acknowledged: 0, lost: 0, wrong: [] }
  })
  if (found.lost > 0) problems.push(`${found.lost} acknowledged records are lost`)
  problems.push(...found.wrong)
  const misjudged = problems.length === 0 ? await stage.misjudged() : undefined
  if (misjudged) problems.push(misjudged)
  const silent = Math.max(...Object.values(seen).map((each) => each.silent))
  return { name, silent, by, acknowledged: found.acknowledged, lost: found.lost, problems }
}

/** Waits until everything serves, with as little help as it takes; undefined when nothing helps. */
async function comeBack(stage: Stage, most: Way, problems: string[]): Promise<Way | undefined> {
  const since = Date.now()
  let troubles: readonly string[] = []
  const whole = async (seconds: number) => {
    const giveUp = Date.now() + seconds * 1000
    for (let well: number | undefined; ; await pause(50)) {
      troubles = await stage.troubles(since)
      if (troubles.length > 0) well = undefined
      else well ??= Date.now()
      if (well !== undefined && Date.now() - well >= steady) return true
      if (well === undefined && Date.now() > giveUp) return false
    }
  }
  if (await whole(most === 'itself' ? patience : grace)) return 'itself'
  const status = await stage.project.run('status')
  const command = commandIn(status.out + status.err)
  if (await whole(command ? grace : patience)) return 'status'
  const left = () => `${troubles.join('; ')}`
  if (!command) {
    problems.push(`${left()}\nstatus (exit code ${status.code}) names no command:\n${status.out}${status.err}`)
    return undefined
  }
  const ended = await stage.project.type(command)
  if (await whole(patience)) return 'command'
  problems.push(`${left()}\n${command} (exit code ${ended.code}) did not help:\n${ended.out}${ended.err}`)
  return undefined
}

function noticed(service: Used, { failures }: Seen): string[] {
  return Object.entries(failures).map(([why, times]) => `users of ${service} noticed it: ${why} × ${times}`)
}
