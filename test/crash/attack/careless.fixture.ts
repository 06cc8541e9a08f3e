/**
 * A service that makes the mistakes which an attack looks for, each at a route of its own; it tells of itself as the
 * project's services do.
 */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { Counter, collectDefaultMetrics, register } from 'prom-client'

collectDefaultMetrics()
const requests = new Counter({ name: 'requests_total', help: 'Requests.', labelNames: ['method'] })
const kept: Buffer[] = []

const used = () => process.cpuUsage().user + process.cpuUsage().system
const busy = (ms: number) => {
  const end = used() + ms * 1000
  while (used() < end);
}

const mistakes: Readonly<Record<string, () => number>> = {
  '/crash': () => process.exit(7),
  '/error': () => 500,
  '/busy': () => {
    busy(120)
    return 200
  },
  '/later': () => {
    setImmediate(busy, 120)
    return 200
  },
  '/memory': () => {
    if (kept.length === 0) kept.push(Buffer.alloc(300 * 2 ** 20, 1))
    return 200
  },
  '/fine': () => 200,
}

const server = createServer(async (request, response) => {
  requests.inc({ method: request.method! })
  if (request.url === '/health') return response.end('{"status":"healthy","service":"careless"}')
  if (request.url === '/metrics') return response.end(await register.metrics())
  if (request.url === '/silent') return request.socket.destroy()
  const status = mistakes[request.url ?? '']?.() ?? 404
  await json(request).catch(() => undefined)
  return response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
})
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as { port: number }).port, message: 'listening' }))
})
process.once('SIGTERM', () => process.exit(0))
