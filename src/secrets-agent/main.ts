/**
 * The secrets agent is a small program of ours that runs on a machine, in a container of its own: it fetches secrets
 * with the machine's role into memory-backed folders that the other containers mount. It stays, because such a folder
 * lives as long as someone has it mounted; after a reboot it fetches them again.
 *
 * Arguments: the folder that holds a folder for each container, then secret requests. Says `ready` when every secret is
 * there.
 */
import { SSM } from '@aws-sdk/client-ssm'
import { fetchSecrets } from './fetch-secrets.ts'
import { readSecretRequest } from './secret-request.ts'

const [folder, ...words] = process.argv.slice(2)
await fetchSecrets(new SSM(), words.map(readSecretRequest), folder!)
process.on('SIGTERM', () => process.exit(0))
process.stdout.write('ready\n')
setInterval(() => undefined, 2 ** 30)
