import { stripVTControlCharacters } from 'node:util'

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const wide = /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u

/**
 * Text without anything that moves a cursor or changes a colour. Names, details and log lines come from other machines:
 * printed as they are, they could repaint the screen.
 */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  return stripVTControlCharacters(text.replaceAll('\t', '  ')).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')
}

/** The text on one line: what a detail beside a step can show. */
export function oneLine(text: string): string {
  return plainText(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}

/** How many columns the text takes on a terminal. Escape codes take none, East Asian characters and emoji two. */
export function textWidth(text: string): number {
  let columns = 0
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) columns += wide.test(segment) ? 2 : 1
  return columns
}

/**
 * The text cut to at most `width` columns, with the ellipsis at its end where something is missing. The text must carry
 * no escape codes.
 */
export function cut(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text
  const room = width - ellipsis.length
  if (room <= 0) return ellipsis.slice(0, Math.max(0, width))
  let kept = ''
  let columns = 0
  for (const { segment } of graphemes.segment(text)) {
    columns += wide.test(segment) ? 2 : 1
    if (columns > room) break
    kept += segment
  }
  return kept.trimEnd() + ellipsis
}

/** The text filled with spaces to `width` columns, at its end or (for numbers) at its start. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)))
  return side === 'left' ? text + space : space + text
}
