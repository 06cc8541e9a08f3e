import { HttpError } from '../kit/http-error.ts'
import { lookOver, trimJson } from '../kit/json.ts'
import { type Bearer, checkCounts, malformed, visitJson } from '../kit/json-body.ts'
import { effortOf } from '../kit/json-extent.ts'

/** What is parsed between two looks at the clock, in µs as `effortOf` counts them. */
const effortBetweenLooks = 1000

/**
 * Cuts the text of a JSON array into the texts of its elements, so that each can be kept as it was sent: a number
 * beyond what a double holds would not survive being parsed and written again. Each element is parsed and looked at by
 * itself, so that of all their values those of one are in memory at a time.
 *
 * @param text what may be JSON and begins with a bracket, without the space around it
 * @param most how many elements there may be
 * @param look is given each element, parsed and as a text, with its index; what it throws is thrown once the rest of
 *   the text is known to be JSON
 * @returns one text an element, without the space around it
 * @throws HttpError 413 when there are more elements, and as `parseJson` does
 */
export async function elementTexts(
  text: string,
  most: number,
  request: Bearer,
  look: (value: unknown, element: string, index: number) => void = () => {},
): Promise<string[]> {
  const last = text.length - 1
  if (text[last] !== ']' || last === 0) throw malformed()
  const work = request.work()
  const texts: string[] = []
  let wrong: unknown
  const counts = { containers: 0, strings: 0, commas: 0 }
  let effort = 0
  for (let at = 1; at <= last; ) {
    const extent = await lookOver(text, request, at)
    const { end } = extent
    const element = trimJson(text.slice(at, end))
    // Between the brackets of an empty array there is one blank text.
    if (element === '' && end === last && texts.length === 0) return []
    if (texts.length === most) throw new HttpError(413, `An array may have at most ${most} records; newline-delimited JSON may have more`)
    counts.containers += extent.containers
    counts.strings += extent.strings
    counts.commas += extent.commas
    checkCounts(counts, request)
    const index = texts.length
    await visitJson(element, extent, request, (value) => {
      try {
        look(value, element, index)
      } catch (error) {
        wrong ??= error
      }
    })
    // A bracket that was not opened, or the end of the text.
    if (end > last || (end < last && text[end] !== ',')) throw malformed()
    texts.push(element)
    at = end + 1
    // Each element costs something by itself, whatever is in it.
    effort += 5 + effortOf(extent, element.length)
    if (effort < effortBetweenLooks) continue
    effort = 0
    if (work.due) await work.pause()
  }
  if (wrong !== undefined) throw wrong
  return texts
}
