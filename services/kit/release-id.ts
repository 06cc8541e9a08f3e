/** As ids are written everywhere, and nothing that would end a header or begin another one. */
const acceptable = /^[\x21-\x7e]{1,200}$/

/**
 * What says which release gave an answer: whoever has deployed one asks at its address and knows whether it is this one
 * that answers there.
 *
 * @param given `RELEASE_ID`, a text that means nothing here
 * @returns the header `x-release-id`, for every answer; no header where nothing is given
 * @throws Error with a finished sentence when it could not stand in a header
 */
export function releaseHeader(given: string | undefined): Readonly<Record<string, string>> {
  if (!given) return {}
  if (!acceptable.test(given)) {
    throw new Error(
      `RELEASE_ID is ${JSON.stringify(given.slice(0, 60))}, expected 1 to 200 visible characters of plain ASCII, without spaces.`,
    )
  }
  return { 'x-release-id': given }
}
