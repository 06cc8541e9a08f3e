/**
 * The secrets agent is a small program of ours that runs on a machine, in a container of its own: it fetches secrets
 * with the machine's role into memory-backed folders that the other containers mount. It stays, because such a folder
 * lives as long as someone has it mounted; after a reboot it fetches them again.
 *
 * Arguments: the folder that holds a folder for each container, then secret requests. Says `ready` when every secret is
 * there.
 */
import { SSM } from '@aws-sdk/client-ssm'
import { fetchWhenReached } from './fetch-secrets.ts'
import { readSecretRequest } from './secret-request.ts'

const [folder, ...words] = process.argv.slice(2)
// A call that gets no answer is given up soon: the next one may find a way out.
const ssm = new SSM({ maxAttempts: 1, requestHandler: { connectionTimeout: 3000, socketTimeout: 5000 } })
await fetchWhenReached(ssm, words.map(readSecretRequest), folder!, (message) => process.stdout.write(`${message}\n`))
process.on('SIGTERM', () => process.exit(0))
process.stdout.write('ready\n')
setInterval(() => undefined, 2 ** 30)
