import * as z from 'zod'
import type { Diagnostics, KeyPath } from '../diagnostics.ts'
import { strategies } from '../strategy.ts'
import { smallestDiskGiB } from './instance.ts'
import { measured, monitoring, slo } from './monitoring-schema.ts'
import {
  base,
  cidr,
  expose,
  instanceType,
  memoryMiB,
  network,
  oneOf,
  port,
  rateLimit,
  secret,
  tagValue,
  text,
  value,
  whole,
} from './values.ts'

const file = text(/^[^\0]+$/, 'a path relative to the config file, such as "./services/ml-inference/server.ts"')

const service = z.strictObject(
  {
    entry: file.optional(),
    dockerfile: file.optional(),
    port,
    // Only characters that need no quoting: the path ends up in a shell script.
    health: text(/^\/[\w.~%/-]*$/, 'a path such as "/health"').optional(),
    expose: expose.optional(),
    auth: oneOf('none', 'token').optional(),
    rateLimit: rateLimit.optional(),
    trustProxy: z.array(cidr, { error: 'a list of IPv4 CIDR blocks' }).optional(),
    memoryMiB: memoryMiB.optional(),
    environment: z
      .record(z.string(), z.union([value(isVariable, 'a text'), secret], { error: "a text, a number, true, false or secret('NAME')" }), {
        error: 'an object of names and values',
      })
      .optional(),
    schema: file.optional(),
    needs: z.array(text(/./, 'the name of a service'), { error: 'a list of service names' }).optional(),
    slo: slo.optional(),
    measures: measured.optional(),
  },
  { error: 'an object such as { entry: "./services/ml-inference/server.ts", port: 8001 }' },
)

/**
 * The shape of `mlops.config.ts`. What takes more than one value to judge is checked by the `check…` functions that
 * `load.ts` calls.
 */
export const schema = z.strictObject(
  {
    app: text(/./, 'a name'),
    // AWS's partitions included: us-gov-west-1, cn-north-1, us-iso-east-1, eusc-de-east-1.
    region: text(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, 'an AWS region such as "ap-southeast-1"').optional(),
    account: text(/^\d{12}$/, 'an AWS account: a text of twelve digits').optional(),
    permissionsBoundary: text(/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/, 'the ARN of an IAM policy').optional(),
    tags: z.record(z.string(), tagValue, { error: 'an object of names and texts, such as { team: "search" }' }).optional(),
    target: oneOf('local', 'aws').optional(),
    strategy: oneOf(...strategies).optional(),
    instance: z
      .strictObject(
        {
          type: instanceType.optional(),
          fallbackTypes: z.array(instanceType, { error: 'a list of instance types' }).optional(),
          // A gp3 volume has at most 16 TiB.
          diskGiB: whole(smallestDiskGiB, 16384, `a whole number of GiB from ${smallestDiskGiB} to 16384`).optional(),
          swapMiB: whole(0, 65536, 'a whole number of MiB from 0 to 65536').optional(),
          credits: oneOf('standard', 'unlimited').optional(),
        },
        { error: 'an object such as { type: "t3.small", diskGiB: 20 }' },
      )
      .optional(),
    network: network.optional(),
    base: base.optional(),
    services: z
      .record(z.string(), service, { error: 'an object with one entry a service' })
      .refine((services) => Object.keys(services).length > 0, { error: 'at least one service' }),
    monitoring: monitoring.optional(),
    protect: value<boolean>((given) => typeof given === 'boolean', 'true or false').optional(),
  },
  { error: 'an object with "app" and "services"' },
)

/**
 * Compares a config with the schema.
 *
 * @param given what the config file exports
 * @param diagnostics takes every problem that is found
 */
export function checkShape(given: unknown, diagnostics: Diagnostics): void {
  const result = schema.safeParse(given)
  if (result.success) return
  const issues = result.error.issues.flatMap((issue) => flat(issue, []))
  for (const { issue, path } of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    const known = keysAt(path)
    for (const key of issue.keys) diagnostics.key([...path, key], known)
  }
  const misspelt = diagnostics.problems.flatMap((problem) =>
    problem.suggestion === undefined ? [] : [[...problem.path.slice(0, -1), problem.suggestion].join('\0')],
  )
  for (const { issue, path } of issues) {
    if (issue.code === 'unrecognized_keys') continue
    const got = valueAt(given, path)
    // A required key that stands there misspelt is one mistake, not two.
    if (got === undefined && misspelt.includes(path.join('\0'))) continue
    diagnostics.value(path, got, issue.message, namesNear(issue))
  }
}

type Issue = z.core.$ZodIssue

/**
 * The issues of the one alternative that was meant, where a value may be several things: the object, when an object was
 * given.
 */
function flat(issue: Issue, above: KeyPath): { issue: Issue; path: KeyPath }[] {
  const path = [...above, ...(issue.path as (string | number)[])]
  if (issue.code !== 'invalid_union') return [{ issue, path }]
  const meant = issue.errors.find((issues) => issues.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'))
  return meant ? meant.flatMap((inner) => flat(inner, path)) : [{ issue, path }]
}

/** The names that a refused value may have been meant to be. */
function namesNear(issue: Issue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(namesNear)
  return issue.code === 'custom' ? ((issue.params?.near ?? []) as string[]) : []
}

function isVariable(given: unknown): boolean {
  return typeof given === 'boolean' || Number.isFinite(given) || (typeof given === 'string' && !given.includes('\0'))
}

function valueAt(given: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], given)
}

/** The keys that the schema knows at a path: those of the object that stands there, or that may. */
function keysAt(path: KeyPath): string[] {
  let at: unknown = schema
  for (const key of path) {
    const { shape, valueType, element } = objectIn(at)
    at = shape ? shape[key] : (valueType ?? element)
  }
  return Object.keys(objectIn(at).shape ?? {})
}

/** What holds further values, behind `optional` and among alternatives. */
interface Holder {
  readonly shape?: Readonly<Record<string, unknown>>
  readonly valueType?: unknown
  readonly element?: unknown
}

function objectIn(schema: unknown): Holder {
  const { def } = (schema ?? {}) as { def?: { innerType?: unknown; options?: readonly unknown[] } & Holder }
  if (!def) return {}
  if (def.innerType) return objectIn(def.innerType)
  const alternatives = def.options?.map(objectIn) ?? []
  return alternatives.find(({ shape }) => shape) ?? alternatives.find(({ element }) => element) ?? def
}
