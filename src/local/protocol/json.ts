import { ApiError } from '../cloud.ts'
import { untrustedJson } from './depth.ts'

/** The services that speak AWS JSON 1.1, by what stands before the dot in `X-Amz-Target`. */
export const targets: Readonly<Record<string, 'ssm' | 'ecr' | 'servicequotas'>> = {
  AmazonSSM: 'ssm',
  AmazonEC2ContainerRegistry_V20150921: 'ecr',
  ServiceQuotasV20190624: 'servicequotas',
}

/** Reads a JSON 1.1 body; an empty one is an empty input. Throws ApiError `SerializationException`. */
export function parseJson(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {}
  const refused = (what: string) => new ApiError('SerializationException', `The body of the request is ${what}.`)
  const value = untrustedJson(body.toString(), (why) => refused(why === 'too deep' ? 'nested too deeply' : 'not a JSON object'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('not a JSON object')
  return value as Record<string, unknown>
}

/** The body of an answer. Dates become seconds since the epoch, as JSON 1.1 has them. */
export function renderJson(output: unknown): string {
  return JSON.stringify(seconds(output ?? {}))
}

/** The body of an error answer. */
export function renderJsonError({ code, message }: ApiError): string {
  return JSON.stringify({ __type: code, message })
}

/** `JSON.stringify` turns a Date into text before a replacer sees it, so dates are replaced first. */
function seconds(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(seconds)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, seconds(inner)]))
}
