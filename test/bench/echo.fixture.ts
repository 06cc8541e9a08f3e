import polka, { type Request as PolkaRequest } from 'polka'
import { createBudget } from '../../services/kit/budget.ts'
import { Reply, send } from '../../services/kit/reply.ts'
import { createRequest } from '../../services/kit/request.ts'
import { run } from '../../services/kit/run.ts'
import { defaultLimits, startServer } from '../../services/kit/server.ts'
import { createService } from '../../services/kit/service.ts'

/** A service that gives back what it gets; with `INSTRUMENTED=no` on the same parts, without ids, logs and metrics. */
if (process.env.INSTRUMENTED === 'no') {
  const budget = createBudget(defaultLimits.bodiesBytes)
  const options = { id: '-', limit: defaultLimits.bodyBytes, budget, log: () => {} }
  const app = polka().post('/echo', async (request, response) => {
    const value = { got: await createRequest(request, response, options).json() }
    await send(response, Reply.json(value), '-')
  })
  const { port } = await startServer(
    (request, response) => app.handler(request as PolkaRequest, response, undefined as never),
    { host: '127.0.0.1', port: 0 },
    defaultLimits,
  )
  console.log(JSON.stringify({ port, message: 'listening' }))
  process.once('SIGTERM', () => process.exit(0))
} else {
  await run({ name: 'echo', port: 0 }, ({ name }) =>
    createService({ name }).post('/echo', async (request) => ({ got: await request.json() })),
  )
}
