import * as z from 'zod'
import { secondsOf } from './durations.ts'

/** A value that has to pass `test`; `expected` is a noun phrase, `near` are the names it may have been meant to be. */
export const value = <T>(test: (given: unknown) => boolean, expected: string, near: readonly string[] = []) =>
  z.custom<T>(test, { error: expected, params: { near } })

export const text = (pattern: RegExp, expected: string) =>
  value<string>((given) => typeof given === 'string' && pattern.test(given), expected)

export const whole = (from: number, to: number, expected: string) =>
  value<number>((given) => Number.isInteger(given) && Number(given) >= from && Number(given) <= to, expected)

export const oneOf = <const T extends string>(...names: readonly T[]) =>
  value<T>((given) => names.some((name) => name === given), names.map((name) => `"${name}"`).join(' or '), names)

/** A length of time from the shortest to the longest, both written as the config writes them. */
export const duration = (shortest: string, longest: string, example: string) =>
  value<string>((given) => {
    const seconds = typeof given === 'string' ? secondsOf(given) : undefined
    return seconds !== undefined && seconds >= secondsOf(shortest)! && seconds <= secondsOf(longest)!
  }, `a time from ${shortest} to ${longest}, such as "${example}"`)

export const port = whole(1, 65535, 'a port from 1 to 65535')
// Docker's own minimum is 6 MiB; a Node process does not start below about 32.
export const memoryMiB = whole(32, 1024 * 1024, 'a whole number of MiB, at least 32')

// A tag or digest is asked for because a moving image would break "same source, same digest".
const image =
  /^([a-zA-Z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127}(@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$/
export const base = value<string>(
  (given) => given === 'host' || (typeof given === 'string' && image.test(given)),
  '"host" or an image reference with a tag or digest, such as "public.ecr.aws/docker/library/node:24-slim"',
  ['host'],
)

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
export const cidr = text(new RegExp(`^(${octet}\\.){3}${octet}/(3[0-2]|[12]?\\d)$`), 'an IPv4 CIDR block such as "203.0.113.0/24"')
export const expose = z.union([oneOf('public', 'nobody'), z.array(cidr)], { error: '"public", "nobody" or a list of IPv4 CIDR blocks' })

// Below one request in 100 s a limit is an outage; beyond a million, none.
const perSecond = value<number>(
  (given) => Number.isFinite(given) && Number(given) >= 0.01 && Number(given) <= 1e6,
  'a number of requests a second from 0.01 to 1000000',
)
export const rateLimit = z.strictObject(
  { perSecond, burst: whole(1, 1e6, 'a whole number of requests from 1 to 1000000') },
  { error: 'an object such as { perSecond: 10, burst: 20 }' },
)

// Parameter Store wants at least one character, and all of AWS takes these.
export const tagValue = text(
  /^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,256}$/u,
  'a text of 1 to 256 letters, digits, spaces and the characters _ . : / = + - @',
)

export const secret = z.strictObject(
  { secret: text(/^[A-Za-z0-9_.-]{1,128}$/, 'the name of a secret: letters, digits, hyphens, dots and underscores') },
  { error: 'a secret' },
)

export const instanceType = text(
  /^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$/,
  'an instance type such as "t3.small"',
)

const subnetIds = z
  .array(text(/^subnet-[0-9a-f]{8,17}$/, 'the id of a subnet such as "subnet-0a1b2c3d4e5f60718"'), { error: 'a list of subnet ids' })
  .refine((ids) => ids.length > 0 && new Set(ids).size === ids.length, { error: 'one or more subnets, each once' })
export const network = z.strictObject(
  { vpcId: text(/^vpc-[0-9a-f]{8,17}$/, 'the id of a VPC such as "vpc-0a1b2c3d4e5f60718"'), subnetIds },
  { error: 'an object such as { vpcId: "vpc-…", subnetIds: ["subnet-…", "subnet-…"] }' },
)
