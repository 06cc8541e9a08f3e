import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../cloud.ts'

/** Makes calls slow, refused, or answered into the void, as a real network and a real control plane now and then do. */
export interface FaultRule {
  /**
   * `ec2:CreateVpc`, `ec2:Describe*`, `*`; requests to the registry have the name of the permission that they need:
   * `registry:PutImage`.
   */
  readonly action: string
  /** Only calls whose input has these values at these top-level members: `{ InstanceType: 't3.micro' }`. */
  readonly match?: Readonly<Record<string, string>>
  /** Only calls of users, or only those that instances make by their role. */
  readonly by?: 'user' | 'role'
  /** Only the n-th matching call, from 1. */
  readonly nth?: number
  /** Only every n-th matching call. */
  readonly every?: number
  /** Stop after this many hits. */
  readonly count?: number
  /** Wait this long first. */
  readonly latencyMs?: number
  /**
   * Refuse before anything was done. `RequestLimitExceeded` and `AccessDenied` are worded as the service that is asked
   * words them.
   */
  readonly before?: { readonly code: string; readonly message?: string; readonly status?: number }
  /** Do nothing and give this answer: an empty list where AWS is eventually consistent. */
  readonly instead?: Readonly<Record<string, unknown>>
  /** Do it, then lose the answer (`drop`: the connection breaks) or answer 500. */
  readonly after?: 'drop' | '500'
  /**
   * Keep the call back, before it is done or once it is done, until the rules are replaced. One whose client has gone
   * by then is not done any more: so a client can be killed at an exact moment.
   */
  readonly hold?: 'before' | 'after'
  /** Keep a record of every hit for the report. */
  readonly record?: boolean
  /** For `ec2:TerminateInstances`: its network interfaces stay behind for this long. */
  readonly lingerMs?: number
}

/** A call that a rule with `record` has seen. */
export interface SeenCall {
  readonly action: string
  /** What tells it from calls of the same action on other parameters, as a rule's `match` takes it. */
  readonly match: Readonly<Record<string, string>>
  /** When it came, and when its answer was ready; ms since the epoch. */
  readonly start: number
  end?: number
}

/** What a rule has met so far. */
interface RuleReport {
  readonly rule: FaultRule
  seen: number
  hits: number
  /** How many calls it has begun to hold. */
  held: number
  readonly calls: SeenCall[]
}

/** What is done to a call. */
export interface Fault {
  readonly instead?: Readonly<Record<string, unknown>>
  readonly after?: 'drop' | '500'
  readonly lingerMs?: number
  /** To be called when the call is done: resolves when its answer may go out. */
  answered(): Promise<void>
}

/** Who makes a call. */
export interface Origin {
  readonly by: 'user' | 'role'
  /** Aborts when the client's connection has closed. */
  readonly gone: AbortSignal
}

/** The rules in force, with how often each was asked and hit. */
export class Faults {
  readonly #latencyMs: number
  #rules: RuleReport[] = []
  #replaced = new AbortController()

  /** @param latencyMs what every call waits, whatever the rules say */
  constructor(latencyMs = 0) {
    this.#latencyMs = latencyMs
  }

  /** Replaces all rules, starts to count anew, and lets go what was held. */
  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, seen: 0, hits: 0, held: 0, calls: [] }))
    this.#replaced.abort()
    this.#replaced = new AbortController()
  }

  report(): readonly RuleReport[] {
    return this.#rules
  }

  /**
   * Counts this call, waits, and says what comes next. Throws ApiError where a rule refuses it, and where its client
   * has gone while it was held.
   */
  async inject(action: string, input: Readonly<Record<string, unknown>>, origin: Origin): Promise<Fault> {
    const hit = this.#rules.filter(({ rule }) => fits(rule, action, input, origin)).filter(isDue)
    const call: SeenCall = { action, match: parametersOf(input), start: Date.now() }
    for (const each of hit) if (each.rule.record) each.calls.push(call)
    const latency = hit.reduce((sum, { rule }) => sum + (rule.latencyMs ?? 0), this.#latencyMs)
    if (latency > 0) await sleep(latency)
    const holding = (when: 'before' | 'after') => hit.filter(({ rule }) => rule.hold === when)
    if (holding('before').length > 0) {
      await this.#hold(holding('before'), origin.gone)
      if (origin.gone.aborted) throw new ApiError('RequestCancelled', 'The client has gone.', 499)
    }
    const refusal = hit.find(({ rule }) => rule.before)?.rule.before
    if (refusal) {
      call.end = Date.now()
      throw new ApiError(refusal.code, refusal.message ?? `${refusal.code}, by a fault rule`, refusal.status ?? 400)
    }
    const answered = async () => {
      if (holding('after').length > 0) await this.#hold(holding('after'), origin.gone)
      call.end = Date.now()
    }
    return Object.assign({ answered }, ...hit.map(({ rule: { instead, after, lingerMs } }) => defined({ instead, after, lingerMs })))
  }

  #hold(counted: readonly RuleReport[], gone: AbortSignal): Promise<void> {
    for (const each of counted) each.held++
    const signal = AbortSignal.any([gone, this.#replaced.signal])
    return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
  }
}

function fits(rule: FaultRule, action: string, input: Readonly<Record<string, unknown>>, { by }: Origin): boolean {
  const pattern = rule.action.endsWith('*') ? action.startsWith(rule.action.slice(0, -1)) : action === rule.action
  const origin = rule.by === undefined || rule.by === by
  return pattern && origin && Object.entries(rule.match ?? {}).every(([key, value]) => String(input[key]) === value)
}

function parametersOf(input: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(['Name', 'Names'].filter((key) => key in input).map((key) => [key, String(input[key])]))
}

function isDue(counted: RuleReport): boolean {
  const { nth, every, count } = counted.rule
  counted.seen++
  if (nth !== undefined && counted.seen !== nth) return false
  if (every !== undefined && counted.seen % every !== 0) return false
  if (count !== undefined && counted.hits >= count) return false
  counted.hits++
  return true
}

function defined(fault: { [K in Exclude<keyof Fault, 'answered'>]: Fault[K] | undefined }): Partial<Fault> {
  return Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== undefined))
}
