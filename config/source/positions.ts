import { tsPlugin } from '@sveltejs/acorn-typescript'
import { type ArrayExpression, type Node, type ObjectExpression, Parser } from 'acorn'
import type { KeyPath } from '../diagnostics.ts'

/** A syntax node of which any property may be asked for: acorn's types do not know the nodes of TypeScript. */
type Syntax = Node & { readonly [property: string]: unknown }
type Literal = (ObjectExpression | ArrayExpression) & Syntax

/**
 * Finds where the keys of a config stand in its text.
 *
 * @param source the text of a module whose default export is an object, a function that returns one, or a call that is
 *   given either
 * @returns from a key path to its line, 1-based; where the key itself is not found, the line of the nearest key above
 *   it; `undefined` where the text cannot be followed at all
 */
export function positions(source: string): (path: KeyPath) => number | undefined {
  const program = parse(source)
  const root = program && nodesIn(program).find((node) => node.type === 'ExportDefaultDeclaration')
  if (!root) return () => undefined
  const declared = declarations(program)
  return (path) => {
    let values = literals(root.declaration as Syntax, declared)
    let line = values[0]?.loc?.start.line ?? root.loc?.start.line
    for (const key of path) {
      const found = values.map((value) => member(value, key, declared)).find((item) => item !== undefined)
      if (!found) return line
      line = found.line
      values = literals(found.value, declared)
    }
    return line
  }
}

/**
 * An object literal in a config's text: where it begins and ends, and so each of its members; offsets in characters.
 */
export interface ObjectSpan {
  readonly start: number
  readonly end: number
  readonly members: readonly { readonly start: number; readonly end: number }[]
}

/**
 * Finds the object literal that stands at a key path, for whoever wants to write into it.
 *
 * @param source as for `positions`
 * @returns `undefined` where there is none, or more than one that it may come out as
 */
export function objectAt(source: string, path: KeyPath): ObjectSpan | undefined {
  const program = parse(source)
  const root = program && nodesIn(program).find((node) => node.type === 'ExportDefaultDeclaration')
  if (!root) return undefined
  const declared = declarations(program)
  let values = literals(root.declaration as Syntax, declared)
  for (const key of path) {
    const found = values.map((value) => member(value, key, declared)).find((item) => item !== undefined)
    values = found ? literals(found.value, declared) : []
  }
  const [only, another] = values
  if (only?.type !== 'ObjectExpression' || another) return undefined
  return { start: only.start, end: only.end, members: only.properties.map(({ start, end }) => ({ start, end })) }
}

/**
 * The syntax tree; `undefined` where the parser gives up on what Node has run, for whatever reason: that costs line
 * numbers and nothing else.
 */
function parse(source: string): Syntax | undefined {
  try {
    return Parser.extend(tsPlugin()).parse(source, { sourceType: 'module', ecmaVersion: 'latest', locations: true }) as unknown as Syntax
  } catch {
    return undefined
  }
}

/** What every name of the module is initialised with. Scopes are not told apart: a config has few names. */
function declarations(program: Syntax): Map<string, Syntax> {
  const found = new Map<string, Syntax>()
  for (const node of nodesIn(program)) {
    const name = (node.id as Syntax | null)?.name
    if (node.type === 'VariableDeclarator' && node.init) found.set(String(name), node.init as Syntax)
    if (node.type === 'FunctionDeclaration') found.set(String(name), node)
  }
  return found
}

/** The object and array literals that an expression may come out as. */
function literals(node: Syntax, declared: ReadonlyMap<string, Syntax>, followed: readonly Syntax[] = []): Literal[] {
  if (followed.includes(node)) return []
  const into = (...next: unknown[]) => next.flatMap((inner) => (isSyntax(inner) ? literals(inner, declared, [...followed, node]) : []))
  switch (node.type) {
    case 'ObjectExpression':
    case 'ArrayExpression':
      return [node as Literal]
    case 'Identifier':
      return into(declared.get(String(node.name)))
    case 'CallExpression':
      return into((node.arguments as Syntax[])[0])
    case 'ConditionalExpression':
      return into(node.consequent, node.alternate)
    case 'LogicalExpression':
      return into(node.left, node.right)
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'FunctionDeclaration':
      return into(
        ...(node.expression === true ? [node.body] : nodesIn(node.body as Syntax).filter((inner) => inner.type === 'ReturnStatement')),
      )
    case 'ReturnStatement':
    case 'AwaitExpression':
      return into(node.argument)
    default:
      // `as const`, `satisfies …`, `x!`
      return into(node.expression)
  }
}

/**
 * A key of an object literal or an index of an array literal, with what is spread into the object. The last one wins,
 * as when it runs.
 */
function member(
  literal: Literal,
  key: string | number,
  declared: ReadonlyMap<string, Syntax>,
  within: readonly Literal[] = [],
): { line: number | undefined; value: Syntax } | undefined {
  if (within.includes(literal)) return undefined
  if (literal.type === 'ArrayExpression') {
    const element = typeof key === 'number' ? (literal.elements[key] as Syntax | null | undefined) : undefined
    return element ? { line: element.loc?.start.line, value: element } : undefined
  }
  for (const property of (literal as ObjectExpression).properties.toReversed() as unknown as Syntax[]) {
    if (property.type === 'SpreadElement') {
      for (const inner of literals(property.argument as Syntax, declared)) {
        const found = member(inner, key, declared, [...within, literal])
        if (found) return found
      }
    } else {
      const name = property.key as Syntax
      const plain = name.type === 'Identifier' && !property.computed ? name.name : name.value
      if (String(plain) === String(key)) return { line: property.loc?.start.line, value: property.value as Syntax }
    }
  }
  return undefined
}

/** A node and everything below it. */
function nodesIn(node: Syntax): Syntax[] {
  const below = Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]))
  return [node, ...below.filter(isSyntax).flatMap(nodesIn)]
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}
