import { hostname, userInfo } from 'node:os'

/** Who holds a stage. */
export interface LeaseOwner {
  readonly user: string
  readonly host: string
  /** What they run: `deploy`, `destroy`. */
  readonly verb: string
  /** Its process id on that host. */
  readonly pid: number
  /** Where the CI run can be looked at. */
  readonly run?: string
}

/** Who this process works for. */
export function thisOwner(verb: string, env: NodeJS.ProcessEnv = process.env): LeaseOwner {
  const run = env.GITHUB_RUN_ID && `${env.GITHUB_SERVER_URL}/${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`
  return { user: env.GITHUB_ACTOR ?? userInfo().username, host: hostname(), verb, pid: process.pid, ...(run ? { run } : {}) }
}

/** `ann@laptop (deploy)`, with the CI run where there is one. */
export function ownerName(owner: LeaseOwner): string {
  return `${owner.user}@${owner.host} (${owner.verb}${owner.run ? `, ${owner.run}` : ''})`
}

/** Whether the holder is known to be dead: a process of this machine that is not there any more. */
export function isGone(owner: LeaseOwner): boolean {
  if (owner.host !== hostname()) return false
  try {
    process.kill(owner.pid, 0)
    return false
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
