import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * How much of a body is read after the answer, in bytes, and for how long, in ms: several times what a well-meaning
 * client sends in error.
 */
const most = { bytes: 64 * 1024 * 1024, ms: 10_000 } as const

/**
 * Sends an answer to a request whose body may still be on its way, and ends it when that has come, which is thrown
 * away. Most clients look for an answer only when they have sent everything: where nobody reads they wait for ever, and
 * where the connection is closed they are reset and never see it. Node closes the connection of a client that wants
 * that as soon as its answer has ended, so the end has to wait. Whoever sends on and on is cut off.
 *
 * @param response its head is written, with the length of the body
 * @param body undefined where there is none, as for HEAD
 * @param limits for tests
 */
export function endAfterBody(
  request: IncomingMessage,
  response: ServerResponse,
  body: string | undefined,
  limits: { readonly bytes: number; readonly ms: number } = most,
): void {
  if (request.complete || request.destroyed) return void response.end(body)
  response.flushHeaders()
  if (body !== undefined) response.write(body)
  let size = 0
  const cut = () => request.socket.destroy()
  const timer = setTimeout(cut, limits.ms)
  const over = () => {
    clearTimeout(timer)
    response.end()
  }
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > limits.bytes) cut()
  })
  request.on('end', over).on('close', over)
  // A client that has gone needs no answer; `close` follows.
  request.on('error', () => undefined)
  request.resume()
}
