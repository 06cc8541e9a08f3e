import type { IncomingMessage } from 'node:http'

/**
 * A request's whole body.
 * @param most bytes that it may have
 * @param refuse how more of them are refused
 */
export async function readBody(request: IncomingMessage, most: number, refuse: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // A refusal must be answered, so it must not end the request with the loop.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > most) throw refuse()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * How many Host headers there are: Node takes the first, and what stands between it and a client might take another.
 */
export function hostsOf({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length
}
