import pino from 'pino'
import { createLogOutput } from './log-output.ts'

export const levels = ['debug', 'info', 'warn', 'error'] as const

export type Level = (typeof levels)[number]

/** Writes one JSON line: errors to stderr, the rest to stdout. */
export interface Log {
  (level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Whether lines of level `debug` are written: whoever would make one for every request should ask before. */
  readonly debugs: boolean
}

/** Fields that never show their value, at the top of a line and up to two objects below. */
const secrets = [
  'password',
  'passwd',
  'secret',
  'token',
  'apiKey',
  'api_key',
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  'DATABASE_URL',
]
const redact = secrets.flatMap((name) =>
  ['', '*', '*.*'].map((above) => (above && !name.startsWith('[') ? `${above}.${name}` : above + name)),
)

/** Says in the log itself that a part of it is missing. */
const leftOut = (lines: number) =>
  `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, message: 'lines of the log could not be written and were left out' })}\n`

const output = pino.multistream(
  [
    { level: 'debug', stream: createLogOutput(1, leftOut) },
    { level: 'error', stream: createLogOutput(2, leftOut) },
  ],
  { dedupe: true },
)

/**
 * A log for one service, on pino. An `Error` among the fields is shown with its stack: logs are read by the service's
 * owners, answers are not. Values of fields that are named like secrets, and credentials in URLs of errors, are left
 * out.
 *
 * @param service the service's name, a field of every line
 * @param level lines below it are not written; `LOG_LEVEL` where nothing is said, and `info` where that is not set
 *   either
 * @throws Error with a finished sentence when there is no such level
 */
export function createLog(service: string, level: string = process.env.LOG_LEVEL || 'info'): Log {
  if (!levels.some((name) => name === level)) throw new Error(`LOG_LEVEL is ${JSON.stringify(level)}, expected ${levels.join(', ')}.`)
  const options: pino.LoggerOptions = {
    level,
    base: { service },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: showError, reason: showError },
    redact: { paths: redact, censor: '[redacted]' },
  }
  const logger = pino(options, output)
  const log = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) =>
    fields ? logger[level](fields, message) : logger[level](message)
  return Object.assign(log, { debugs: level === 'debug' })
}

function showError(value: unknown): unknown {
  const text = value instanceof Error ? (value.stack ?? String(value)) : value
  return typeof text === 'string' ? text.replaceAll(/\/\/[^/\s:@]*:[^/\s@]*@/g, '//[redacted]@') : text
}
