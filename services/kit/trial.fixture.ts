import { HttpError } from './http-error.ts'
import { Reply } from './reply.ts'
import { run } from './run.ts'
import { createService, type Service, type ServiceOptions } from './service.ts'

/** The length of a text that no socket takes at once. */
export const largeBytes = 16 * 1024 * 1024

/** The limit of the body that `/measure` reads as a stream. */
export const streamBytes = 4 * 1024 * 1024

/**
 * A service with a route for everything that the kit's tests want to see; as a process of its own it ends within
 * `DRAIN_MS`.
 */
export function createTrial(options: ServiceOptions): Service {
  return createService(options)
    .get('/items/:id', ({ params, query, sourceIp }) => ({ id: params.id, colour: query.get('colour'), sourceIp }))
    .post('/echo', async (request) => ({ got: (await request.json()) ?? 'nothing' }))
    .post('/measure', async (request) => {
      let bytes = 0
      for await (const piece of request.stream(streamBytes)) bytes += piece.length
      return { bytes }
    })
    .post('/first', async (request) => {
      for await (const piece of request.stream(Number.POSITIVE_INFINITY)) return { bytes: piece.length }
      return { bytes: 0 }
    })
    .get('/logged', (request) => {
      request.log('info', 'a word from the handler', { password: 'swordfish', nested: { token: 'abc', left: 1 } })
      return {}
    })
    .get('/teapot', () => {
      throw new HttpError(418, 'short and stout', { 'x-handle': 'here' })
    })
    .get('/broken', () => {
      throw new Error('the password is swordfish')
    })
    .get('/nothing', () => undefined)
    .get('/stream', () => Reply.stream(pieces(3)))
    .get('/endless', () => Reply.stream(pieces(Number.POSITIVE_INFINITY)))
    .get('/costly', () => Reply.stream(costly()))
    .get('/half', () => Reply.stream(half()))
    .get('/large', () => {
      setImmediate(() => process.stdout.write('large answer made\n'))
      return 'x'.repeat(largeBytes)
    })
    .get('/slow', async ({ query }) => {
      process.stdout.write('slow request begun\n')
      await new Promise((resolve) => setTimeout(resolve, Number(query.get('ms'))))
      return { done: true }
    })
}

function* pieces(count: number): Generator<string> {
  yield '[0'
  for (let number = 1; number < count; number++) yield `,${number}`
  yield ']'
}

/** Two seconds of work, none of which waits for anything. */
function* costly(): Generator<string> {
  for (let number = 0; number < 200; number++) {
    const end = performance.now() + 10
    while (performance.now() < end);
    yield `${number}\n`
  }
}

function* half(): Generator<string> {
  yield '[0'
  throw new Error('the disk is gone')
}

if (import.meta.main) {
  await run({ name: 'trial', port: 0 }, ({ name, environment }) => {
    const trial = createTrial({ name, limits: { drainMs: Number(environment.DRAIN_MS ?? 8000) } })
    return trial.onClose(() => trial.log('info', 'closed the first')).onClose(() => trial.log('info', 'closed the second'))
  })
}
