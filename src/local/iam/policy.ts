import { untrustedJson } from '../protocol/depth.ts'
import { type Conditions, type Context, holds, wildcard } from './condition.ts'

/** A policy document, parsed: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export interface PolicyDocument {
  readonly Statement: Statement | readonly Statement[]
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  readonly Condition?: Conditions
}

/**
 * Whether these policies together allow an action (`ssm:GetParameter`) on a resource (an ARN, or `*`). A Deny wins over
 * every Allow.
 * @param context what is known of the call for conditions
 */
export function allows(policies: readonly PolicyDocument[], action: string, resource: string, context: Context = {}): boolean {
  const all = policies.flatMap((policy) => list(policy.Statement))
  const statements = all.filter((each) => applies(each, action, resource, context))
  return statements.some(({ Effect }) => Effect === 'Allow') && !statements.some(({ Effect }) => Effect === 'Deny')
}

/**
 * Stands for a resource that is named and not there: EC2 has nothing to hold a policy against, and answers whoever may
 * do the action on anything that it does not exist.
 */
export const nowhere = 'nowhere'

function applies(statement: Statement, action: string, resource: string, context: Context): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement
  const actionHolds = Action !== undefined ? anyMatches(Action, action, true) : !anyMatches(NotAction, action, true)
  const resourceHolds = Resource !== undefined ? anyMatches(Resource, resource) : !anyMatches(NotResource, resource)
  if (resource === nowhere) return actionHolds && statement.Effect === 'Allow'
  return actionHolds && resourceHolds && holds(Condition ?? {}, context)
}

function anyMatches(patterns: string | readonly string[] | undefined, text: string, ignoreCase = false): boolean {
  return list(patterns ?? []).some((pattern) => wildcard(pattern, ignoreCase).test(text))
}

/**
 * What is wrong with the text of a policy document, or undefined when it can be used.
 * @param principal whether statements name a principal (a trust policy) instead of resources
 */
export function policyProblem(text: string, { principal = false } = {}): string | undefined {
  let parsed: unknown
  try {
    parsed = untrustedJson(text, (why) => new Error(why === 'too deep' ? 'Syntax errors in policy.' : 'This policy contains invalid Json'))
  } catch (error) {
    return (error as Error).message
  }
  const statements = list((parsed as { Statement?: Statement | Statement[] } | null)?.Statement ?? [])
  if (statements.length === 0) return 'Syntax errors in policy.'
  for (const each of statements as readonly (Statement & { Principal?: unknown })[]) {
    if (each === null || typeof each !== 'object' || (each.Effect !== 'Allow' && each.Effect !== 'Deny')) return 'Syntax errors in policy.'
    const named = [each.Action, each.NotAction, each.Resource, each.NotResource].filter((some) => some !== undefined)
    if (!named.flatMap((some) => list<unknown>(some)).every((one) => typeof one === 'string')) return 'Syntax errors in policy.'
    if (each.Action === undefined && each.NotAction === undefined) return 'Policy statement must contain actions.'
    if (principal && each.Principal === undefined) return 'Missing required field Principal'
    if (!principal && each.Resource === undefined && each.NotResource === undefined) return 'Policy statement must contain resources.'
  }
  return undefined
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}
