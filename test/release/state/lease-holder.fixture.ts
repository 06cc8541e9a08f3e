/**
 * A process that holds a lease until it is told to end: arguments are the access, the stage and the seconds that the
 * lease lives, as JSON. Says `held`, and `lost: MESSAGE` when the lease is lost.
 */
import { Clients } from '../../../src/aws/clients.ts'
import { takeLease } from '../../../src/release/state/lease.ts'
import { thisOwner } from '../../../src/release/state/lease-owner.ts'

const { access, id, seconds } = JSON.parse(process.argv[2]!)
const lease = await takeLease(new Clients(access), id, thisOwner('deploy', {}), seconds, {
  signal: new AbortController().signal,
  waiting: (detail) => console.log(`waiting: ${detail}`),
})
console.log('held')
const alive = setInterval(() => undefined, 1000)
lease.signal.addEventListener('abort', () => console.log(`lost: ${lease.signal.reason.message}`))
process.stdin.on('data', async () => {
  await lease.release()
  clearInterval(alive)
  process.stdin.destroy()
})
