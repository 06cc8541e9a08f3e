/**
 * Cuts the text of a JSON array into the texts of its elements, so that each can be kept as it was sent: a number beyond what a double
 * holds would not survive being parsed and written again.
 *
 * @param text valid JSON whose value is an array
 * @returns one text an element, without the space around it
 */
export function elementTexts(text: string): string[] {
  const found: string[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === quote) index = endOfString(text, index)
    else if (code === openBracket || code === openBrace) {
      if (depth++ === 0) start = index + 1
    } else if (code === closeBracket || code === closeBrace) {
      if (--depth === 0) found.push(text.slice(start, index).trim())
    } else if (code === comma && depth === 1) {
      found.push(text.slice(start, index).trim())
      start = index + 1
    }
  }
  return found.length === 1 && found[0] === '' ? [] : found
}

const [quote, backslash, comma, openBracket, closeBracket, openBrace, closeBrace] = [...'"\\,[]{}'].map((character) =>
  character.charCodeAt(0),
)

/** The index of the quote that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1
  while (text.charCodeAt(index) !== quote) index += text.charCodeAt(index) === backslash ? 2 : 1
  return index
}
