/** The signs that say how something stands. They differ in shape, so that colour is never the only signal. */
export interface Glyphs {
  readonly done: string
  readonly failed: string
  readonly skipped: string
  readonly warning: string
  readonly ellipsis: string
  readonly log: string
  readonly bar: string
  readonly spinner: readonly string[]
}

const unicode: Glyphs = {
  done: '✔',
  failed: '✖',
  skipped: '–',
  warning: '!',
  ellipsis: '…',
  log: '│',
  bar: '█',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
}

const ascii: Glyphs = {
  done: 'v',
  failed: 'x',
  skipped: '-',
  warning: '!',
  ellipsis: '...',
  log: '|',
  bar: '#',
  // Not the usual bars: one of them is the sign for skipped.
  spinner: ['.', 'o', 'O', 'o'],
}

/**
 * The glyphs that this terminal can show: the locale must say UTF-8, in POSIX's order of precedence, and the terminal
 * must have a font for them.
 */
export function glyphsFor(env: NodeJS.ProcessEnv): Glyphs {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  const drawn = env.TERM !== 'dumb' && env.TERM !== 'linux'
  return /utf-?8/i.test(locale) && drawn ? unicode : ascii
}
