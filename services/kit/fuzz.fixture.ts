import { Agent, request as open } from 'node:http'
import fc from 'fast-check'

/** A request as a client makes it. */
export interface FuzzRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface FuzzAnswer {
  readonly status: number
  /** As it came; JSON where the service is well. */
  readonly text: string
}

export interface Fuzz<R extends FuzzRequest> {
  /** `http://host:port` of a running service. */
  readonly address: string
  readonly requests: fc.Arbitrary<R>
  /** How many requests are made in all. */
  readonly count: number
  /** Throws when an answer is wrong. That it came, that it is not a 5xx and that it is JSON has been seen to. */
  readonly judge: (request: R, answer: FuzzAnswer, ask: (request: FuzzRequest) => Promise<FuzzAnswer>) => void | Promise<void>
  /** Is told how many have been made. */
  readonly emit?: (made: number) => void
}

/**
 * How many requests are made at once, and how many such handfuls are under way at the same time: while one waits for
 * its last answers, the others go on.
 */
const together = 50
const lanes = 4

/**
 * Makes generated requests to a service; at the first wrong answer, the smallest request that still gets one is looked
 * for.
 *
 * @returns how many requests were answered with each status
 * @throws fast-check's error with that request and the seed to make it again
 */
export async function fuzz<R extends FuzzRequest>({ address, requests, count, judge, emit }: Fuzz<R>): Promise<Map<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const { hostname: host, port } = new URL(address)
  const ask = (request: FuzzRequest) => send({ host, port, agent }, request)
  const answered = new Map<number, number>()
  let made = 0
  const one = async (request: R) => {
    const answer = await ask(request)
    if (answer.status >= 500) throw new Error(`${answer.status} ${answer.text}`)
    JSON.parse(answer.text)
    await judge(request, answer, ask)
    answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1)
  }
  const property = fc.asyncProperty(fc.array(requests, { minLength: together, maxLength: together }), async (some) => {
    await Promise.all(some.map(one))
    made += some.length
    emit?.(made)
  })
  try {
    const numRuns = Math.ceil(count / together / lanes)
    await Promise.all(Array.from({ length: lanes }, () => fc.assert(property, { numRuns })))
    return answered
  } finally {
    agent.destroy()
  }
}

function send(where: { host: string; port: string; agent: Agent }, { method, path, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const request = open({ ...where, method, path, headers: { ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece) => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

const bytes = fc.uint8Array({ maxLength: 200 })

/** JSON texts, most of them of the kind that a service expects. */
export const jsonText = fc.oneof(
  { weight: 4, arbitrary: fc.json({ maxDepth: 3 }) },
  {
    weight: 3,
    arbitrary: fc
      .dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 })
      .map((value) => JSON.stringify(value)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{"__proto__":{"a":1}}', '{"a":1,"a":2}', '[[[[]]]]', '1e999', '-0', '{"a":12345678901234567890}'),
  },
)

/** A text with a piece of it cut out, doubled or replaced. */
export const mutated = (texts: fc.Arbitrary<string>) =>
  fc.tuple(texts, fc.nat(), fc.nat(8), fc.constantFrom('', '\0', '"', '\\', '{', '\u{1f600}', ' ')).map(([text, at, length, put]) => {
    const start = text.length === 0 ? 0 : at % text.length
    return text.slice(0, start) + put + text.slice(start + length)
  })

/** Any body at all: JSON, almost JSON, and bytes. */
export const anyBody: fc.Arbitrary<string | Uint8Array> = fc.oneof(jsonText, mutated(jsonText), fc.string(), bytes)
