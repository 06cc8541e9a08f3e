import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cloud } from '../cloud.ts'
import type { Uploads } from './upload.ts'

/** One request under `/v2/<name>/`, let in and about to be answered. */
export interface Exchange {
  readonly cloud: Cloud
  readonly uploads: Uploads
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly url: URL
  /** The repository's name; the repository exists. */
  readonly name: string
  /** What follows `blobs/`, `manifests/` or `tags/`. */
  readonly rest: string
  /** Headers only. */
  readonly head: boolean
}
