import type { IncomingMessage, ServerResponse } from 'node:http'
import { endAfterBody } from '../api/answer-early.ts'

/**
 * The error codes of the OCI distribution specification (and of docker's before it), with the status that each goes
 * with.
 */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
  UNKNOWN: 500,
} as const

/** A refusal in the registry API's own form. */
export class Refusal extends Error {
  readonly code: keyof typeof statuses
  readonly status: number

  constructor(code: keyof typeof statuses, message: string, status: number = statuses[code]) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** Answers with an error as the registry API has them. */
export function answerRefusal(req: IncomingMessage, res: ServerResponse, { code, message, status }: Refusal): void {
  const body = JSON.stringify({ errors: [{ code, message }] })
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) })
  endAfterBody(req, res, req.method === 'HEAD' ? undefined : body)
}
