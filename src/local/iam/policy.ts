import { untrustedJson } from '../protocol/depth.ts'

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
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/**
 * Whether these policies together allow an action (`ssm:GetParameter`) on a resource (an ARN, or `*`). A Deny wins over
 * every Allow. No condition key has a value in this cloud, so a condition holds only where its operator is content with
 * that: a negated one, or `…IfExists`.
 */
export function allows(policies: readonly PolicyDocument[], action: string, resource: string): boolean {
  const statements = policies.flatMap((policy) => list(policy.Statement)).filter((each) => applies(each, action, resource))
  return statements.some(({ Effect }) => Effect === 'Allow') && !statements.some(({ Effect }) => Effect === 'Deny')
}

function applies(statement: Statement, action: string, resource: string): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement
  const actionHolds = Action !== undefined ? anyMatches(Action, action, true) : !anyMatches(NotAction, action, true)
  const resourceHolds = Resource !== undefined ? anyMatches(Resource, resource) : !anyMatches(NotResource, resource)
  return actionHolds && resourceHolds && Object.keys(Condition ?? {}).every((operator) => /IfExists$|Not/.test(operator))
}

function anyMatches(patterns: string | readonly string[] | undefined, text: string, ignoreCase = false): boolean {
  return list(patterns ?? []).some((pattern) => wildcard(pattern, ignoreCase).test(text))
}

/** `*` for any text, `?` for one character; everything else stands for itself. */
export function wildcard(pattern: string, ignoreCase = false): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`, ignoreCase ? 'is' : 's')
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
