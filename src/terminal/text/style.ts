import { styleText } from 'node:util'

/** Puts colour and weight on text, or leaves it alone: which of the two is decided once per stream. */
export interface Style {
  readonly on: boolean
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

export function createStyle(on: boolean): Style {
  const paint =
    (format: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan') =>
    (text: string): string =>
      on && text !== '' ? styleText(format, text, { validateStream: false }) : text
  return {
    on,
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}

/**
 * Whether a stream gets colour. The flag wins, then FORCE_COLOR, then NO_COLOR (https://no-color.org), as in Node
 * itself (https://nodejs.org/api/cli.html#force_color1-2-3); then only a real terminal does.
 */
export function wantsColor(stream: { isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv, flag?: boolean): boolean {
  if (flag !== undefined) return flag
  if (env.FORCE_COLOR !== undefined) return !['0', 'false'].includes(env.FORCE_COLOR)
  if (env.NO_COLOR) return false
  return stream.isTTY === true && env.TERM !== 'dumb'
}

/** Whether a person watches a stream: it is a terminal, and not one that CI keeps the log of. */
export function isWatched(stream: { isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv): boolean {
  const ci = env.CI !== undefined && !['', '0', 'false'].includes(env.CI)
  return stream.isTTY === true && !ci
}

/** Whether a stream can be repainted: a terminal that a person watches. */
export function wantsLive(stream: { isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv): boolean {
  return isWatched(stream, env) && env.TERM !== 'dumb'
}
