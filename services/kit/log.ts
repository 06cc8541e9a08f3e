/** Writes one JSON line: information to stdout, errors to stderr. */
export type Log = (level: 'info' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void

/**
 * A log for one service. An `Error` among the fields is shown with its stack: logs are read by the service's owners, answers are not.
 *
 * @param service the service's name, a field of every line
 */
export function createLog(service: string): Log {
  return (level, message, fields = {}) => {
    const line = JSON.stringify({ time: new Date().toISOString(), level, service, message, ...fields }, showError)
    const stream = level === 'error' ? process.stderr : process.stdout
    stream.write(`${line}\n`)
  }
}

function showError(_key: string, value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? String(value)) : value
}
