import polka, { type Request as PolkaRequest } from 'polka'
import { clientAddress } from '../../services/kit/access/client-address.ts'
import { createBudget } from '../../services/kit/budget.ts'
import { Reply, send } from '../../services/kit/reply.ts'
import { createRequest, type Request } from '../../services/kit/request.ts'
import { run } from '../../services/kit/run.ts'
import { defaultLimits, startServer } from '../../services/kit/server.ts'
import { createService } from '../../services/kit/service.ts'

const echo = async (request: Request) => ({ got: await request.json() })

/** A service that gives back what it gets; with `INSTRUMENTED=no` on the same parts, without ids, logs and metrics. */
if (process.env.INSTRUMENTED === 'no') {
  const budget = createBudget(defaultLimits.bodiesBytes)
  const addressOf = clientAddress([])
  const app = polka().post('/echo', async (request, response) => {
    const account = budget.open()
    response.on('close', account.close)
    const value = await echo(
      createRequest(request, { id: '-', limit: defaultLimits.bodyBytes, account, response, addressOf, log: () => {} }),
    )
    await send(response, Reply.json(value), { 'x-request-id': '-' })
  })
  const { port } = await startServer(
    (request, response) => app.handler(request as PolkaRequest, response, undefined as never),
    { host: '127.0.0.1', port: 0 },
    defaultLimits,
  )
  console.log(JSON.stringify({ port, message: 'listening' }))
  process.once('SIGTERM', () => process.exit(0))
} else {
  await run({ name: 'echo', port: 0 }, ({ name }) => createService({ name }).post('/echo', echo))
}
