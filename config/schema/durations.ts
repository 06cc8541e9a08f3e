const units = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 } as const

/** A length of time as Prometheus writes it, in one unit: `500ms`, `15s`, `30d`. */
const shape = /^(\d+)(ms|s|m|h|d|w|y)$/

/** The seconds of a length of time such as `15s`; undefined for a text that is none, or of no length. */
export function secondsOf(text: string): number | undefined {
  const [, count, unit] = shape.exec(text) ?? []
  return Number(count) > 0 ? Number(count) * units[unit as keyof typeof units] : undefined
}
