/**
 * How deeply what a client sends may be nested. The deepest input of AWS that this cloud has is less than ten levels
 * deep.
 */
export const deepest = 64

/**
 * The value of a JSON text that a client has sent.
 * @param refuse what is thrown for a text that is nested `too deep`, or is `no JSON`
 */
export function untrustedJson(text: string, refuse: (why: 'too deep' | 'no JSON') => Error): unknown {
  if (isTooDeep(text)) throw refuse('too deep')
  try {
    return JSON.parse(text)
  } catch {
    throw refuse('no JSON')
  }
}

/**
 * Whether a JSON text is nested more deeply than that, or so it seems where it is no JSON. What walks through values
 * calls itself at every level, so a text that is nothing but brackets would take all of the stack. Read as characters,
 * for that costs one look at each.
 */
function isTooDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (quoted) {
      if (character === backslash) at++
      else if (character === quote) quoted = false
    } else if (character === quote) quoted = true
    else if (character === openBracket || character === openBrace) {
      if (++depth > deepest) return true
    } else if (character === closeBracket || character === closeBrace) depth--
  }
  return false
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]
