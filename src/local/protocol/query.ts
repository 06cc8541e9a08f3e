import { ApiError } from '../cloud.ts'
import { deepest } from './depth.ts'
import { member, type ServiceModel } from './model.ts'

/** A form body taken apart at its dots: `Filter.1.Name=x` is `{ Filter: { 1: { Name: 'x' } } }`. */
type Tree = Map<string, Tree | string>

/**
 * Reads the form body of a query-protocol request into the input of its action, with the member names of AWS's
 * reference. Throws ApiError `UnknownParameter`, `MissingParameter` or `InvalidParameterValue`.
 */
export function parseQuery(service: ServiceModel, action: string, form: URLSearchParams): Record<string, unknown> {
  const tree: Tree = new Map()
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version') continue
    const parts = name.split('.', deepest + 1)
    if (parts.length > deepest) throw new ApiError('MalformedQueryString', `The parameter ${name.slice(0, 64)}… has too many parts.`)
    plant(tree, parts, value, name)
  }
  const shape = service.operations[action]?.input ?? 'unit'
  if (shape === 'unit') return {}
  return structure(service, shape, tree, '')
}

function plant(tree: Tree, [first = '', ...rest]: string[], value: string, name: string): void {
  if (rest.length === 0) {
    if (tree.get(first) instanceof Map) throw new ApiError('MalformedQueryString', `The parameter ${name} is given in two shapes.`)
    tree.set(first, value)
    return
  }
  const below = tree.get(first) ?? new Map()
  if (typeof below === 'string') throw new ApiError('MalformedQueryString', `The parameter ${name} is given in two shapes.`)
  tree.set(first, below)
  plant(below, rest, value, name)
}

function structure(service: ServiceModel, shape: string, tree: Tree, at: string): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const left = new Set(tree.keys())
  for (const [name, text] of Object.entries(service.shapes[shape]?.members ?? {})) {
    const { query, shape: inner, required } = member(text)
    const node = tree.get(query)
    if (left.delete(query) && node !== undefined) result[name] = read(service, inner, node, `${at}${query}`)
    else if (required) throw new ApiError('MissingParameter', `The request must contain the parameter ${at}${query}`)
  }
  for (const unknown of left) throw new ApiError('UnknownParameter', `The parameter ${at}${unknown} is not recognized`)
  return result
}

function read(service: ServiceModel, shape: string, node: Tree | string, at: string): unknown {
  const { item, members } = service.shapes[shape] ?? {}
  if (members && node instanceof Map) return structure(service, shape, node, `${at}.`)
  if (item !== undefined) return list(service, item, node, at)
  if (typeof node !== 'string') throw new ApiError('InvalidParameterValue', `The parameter ${at} has parts that it cannot have`)
  return scalar(shape, node, at)
}

function list(service: ServiceModel, item: string, node: Tree | string, at: string): unknown[] {
  const { query, shape } = member(item)
  const entries = query === '-' || node === '' ? node : (node as Tree).get?.(query)
  if (entries === '' || entries === undefined) return []
  if (typeof entries === 'string' || [...entries.keys()].some((key) => !/^[1-9]\d*$/.test(key)))
    throw new ApiError('InvalidParameterValue', `The parameter ${at} must be numbered from 1`)
  const sorted = [...entries].sort(([a], [b]) => Number(a) - Number(b))
  return sorted.map(([key, value]) => read(service, shape, value, `${at}.${key}`))
}

function scalar(shape: string, text: string, at: string): unknown {
  const bad = (what: string) => new ApiError('InvalidParameterValue', `Value (${text}) for parameter ${at} is invalid. It must be ${what}.`)
  if (shape === 'boolean') {
    if (text !== 'true' && text !== 'false') throw bad('true or false')
    return text === 'true'
  }
  if (shape === 'number') {
    if (text.trim() === '' || !Number.isFinite(Number(text))) throw bad('a number')
    return Number(text)
  }
  if (shape === 'timestamp') {
    if (Number.isNaN(Date.parse(text))) throw bad('a timestamp')
    return new Date(text)
  }
  return text
}
