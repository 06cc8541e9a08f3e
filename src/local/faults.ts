import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from './cloud.ts'

/** Makes calls slow, refused, or answered into the void, as a real network and a real control plane now and then do. */
export interface FaultRule {
  /** `ec2:CreateVpc`, `ec2:Describe*`, `*`. */
  readonly action: string
  /** Only calls whose input has these values at these top-level members: `{ InstanceType: 't3.micro' }`. */
  readonly match?: Readonly<Record<string, string>>
  /** Only the n-th matching call, from 1. */
  readonly nth?: number
  /** Only every n-th matching call. */
  readonly every?: number
  /** Stop after this many hits. */
  readonly count?: number
  /** Wait this long first. */
  readonly latencyMs?: number
  /** Refuse before anything was done. `RequestLimitExceeded` and `AccessDenied` are worded as the service that is asked words them. */
  readonly before?: { readonly code: string; readonly message?: string; readonly status?: number }
  /** Do nothing and give this answer: an empty list where AWS is eventually consistent. */
  readonly instead?: Readonly<Record<string, unknown>>
  /** Do it, then lose the answer (`drop`: the connection breaks) or answer 500. */
  readonly after?: 'drop' | '500'
  /** For `ec2:TerminateInstances`: its network interfaces stay behind for this long. */
  readonly lingerMs?: number
}

/** What a call is to suffer. */
export interface Fault {
  readonly instead?: Readonly<Record<string, unknown>>
  readonly after?: 'drop' | '500'
  readonly lingerMs?: number
}

/** The rules in force, with how often each was asked and hit. */
export class Faults {
  readonly #latencyMs: number
  #rules: { rule: FaultRule; seen: number; hits: number }[] = []

  /** @param latencyMs what every call waits, whatever the rules say */
  constructor(latencyMs = 0) {
    this.#latencyMs = latencyMs
  }

  /** Replaces all rules and starts to count anew. */
  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, seen: 0, hits: 0 }))
  }

  report(): readonly { rule: FaultRule; seen: number; hits: number }[] {
    return this.#rules
  }

  /** Counts this call, waits, and says what comes next. Throws ApiError where a rule refuses it. */
  async meet(action: string, input: Readonly<Record<string, unknown>>): Promise<Fault> {
    const hit = this.#rules.filter((each) => fits(each.rule, action, input) && isDue(each))
    const latency = hit.reduce((sum, { rule }) => sum + (rule.latencyMs ?? 0), this.#latencyMs)
    if (latency > 0) await sleep(latency)
    const refusal = hit.find(({ rule }) => rule.before)?.rule.before
    if (refusal) throw new ApiError(refusal.code, refusal.message ?? `${refusal.code}, by a fault rule`, refusal.status ?? 400)
    return Object.assign({}, ...hit.map(({ rule: { instead, after, lingerMs } }) => defined({ instead, after, lingerMs })))
  }
}

function fits(rule: FaultRule, action: string, input: Readonly<Record<string, unknown>>): boolean {
  const pattern = rule.action.endsWith('*') ? action.startsWith(rule.action.slice(0, -1)) : action === rule.action
  return pattern && Object.entries(rule.match ?? {}).every(([key, value]) => String(input[key]) === value)
}

function isDue(counted: { rule: FaultRule; seen: number; hits: number }): boolean {
  const { nth, every, count } = counted.rule
  counted.seen++
  if (nth !== undefined && counted.seen !== nth) return false
  if (every !== undefined && counted.seen % every !== 0) return false
  if (count !== undefined && counted.hits >= count) return false
  counted.hits++
  return true
}

function defined(fault: { [K in keyof Fault]: Fault[K] | undefined }): Fault {
  return Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== undefined))
}
