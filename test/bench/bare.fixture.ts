/**
 * The least that a server in Node can do, which the services are held against: node:http and nothing else, parses the
 * JSON of a request and answers what is in `ANSWER`, with `STATUS`.
 */
import { createServer } from 'node:http'

const answer = JSON.parse(process.env.ANSWER ?? '{}')
const status = Number(process.env.STATUS ?? 200)

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => {
    JSON.parse(Buffer.concat(pieces).toString())
    const text = JSON.stringify({ ...answer, timestamp: Date.now() / 1000 })
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  })
})
server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  // The line that `startChild` waits for.
  console.log(JSON.stringify({ port, message: 'listening' }))
})
process.once('SIGTERM', () => process.exit(0))
