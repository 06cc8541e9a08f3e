import { createServer } from 'node:net'
import { listen } from '../../api/listen.ts'

/**
 * Runs in the network namespace of an instance, for a moment: `node listen-inside.ts '[{"host","port"}…]'` listens on
 * each address and hands the server over to its parent, with its number.
 */
const addresses = JSON.parse(process.argv[2] ?? '[]') as { host: string; port: number }[]
await Promise.all(
  addresses.map(async ({ host, port }, index) => {
    const server = createServer()
    const refused = await listen(server, port, host)
    if (refused) throw refused
    await new Promise<void>((resolve, reject) => process.send?.(index, server, {}, (error) => (error ? reject(error) : resolve())))
  }),
)
process.exit(0)
