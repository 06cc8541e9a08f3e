import type { Page, StoredRecord } from './store.ts'
import { isoTime } from './time.ts'

/** A record as JSON. The data is put in as it was sent: numbers beyond what a double holds stay what they were. */
export function recordJson({ id, data, timestamp, sourceIp }: StoredRecord): string {
  return `{"id":${id},"data":${data},"timestamp":"${isoTime(timestamp)}","source_ip":${JSON.stringify(sourceIp)}}`
}

/** How much of a page is handed on at once, in characters: each piece costs about as much as ten small records. */
const pieceLength = 16 * 1024

/**
 * A page as JSON, piece by piece. `next` is what `before` has to be to get the page after it, or null when there is
 * none.
 */
export async function* pageJson({ total, records, more }: Page): AsyncGenerator<string> {
  let piece = `{"total":${total},"data":[`
  let last: number | undefined
  for await (const record of records) {
    piece += (last === undefined ? '' : ',') + recordJson(record)
    last = record.id
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  yield `${piece}],"next":${more ? last : null}}`
}
