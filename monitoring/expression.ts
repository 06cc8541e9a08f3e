import { parser } from '@prometheus-io/lezer-promql'

/** A PromQL expression that does not parse: where, from 0, and the text from there on. */
export interface SyntaxProblem {
  readonly at: number
  readonly near: string
}

/**
 * Looks for the first mistake in an expression, by Prometheus's own grammar: spelling and brackets, not types.
 *
 * @param expression PromQL; for a dashboard's query, with Grafana's variables filled in by `withoutVariables`
 */
export function syntaxProblem(expression: string): SyntaxProblem | undefined {
  let problem: SyntaxProblem | undefined
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) problem ??= { at: node.from, near: expression.slice(node.from).trim() || 'its end' }
    },
  })
  return problem
}

/** The names of all metrics that an expression selects, each once. */
export function metricsIn(expression: string): string[] {
  const names = new Set<string>()
  parser.parse(expression).iterate({
    enter(node) {
      const name = node.name === 'VectorSelector' ? node.node.getChild('Identifier') : null
      if (name) names.add(expression.slice(name.from, name.to))
    },
  })
  return [...names]
}

/**
 * A dashboard's query as Prometheus would get it, with something in place of every variable.
 *
 * @param values by name without the dollar sign; others become `.+`, which every label matches, or `1m` where a time
 *   belongs
 */
export function withoutVariables(query: string, values: Readonly<Record<string, string>> = {}): string {
  return query
    .replace(/\$__(rate_interval|interval|range)\b/g, (_, name: string) => values[`__${name}`] ?? '1m')
    .replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (_, braced: string, bare: string) => values[braced ?? bare] ?? '.+')
}

/** A text within double quotes of PromQL: a label's value, or a pattern for one. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** A pattern that matches exactly these names, for `=~`. */
export function anyOf(names: readonly string[]): string {
  return names.map((name) => name.replace(/[.\\^$*+?()[\]{}|]/g, '\\$&')).join('|')
}
