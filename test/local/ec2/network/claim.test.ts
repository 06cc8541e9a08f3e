import { createServer, type Server } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { claimPort, claimsAddresses, inTurn, isClaimed } from '../../../../src/local/ec2/network/claim.ts'

/** An address that no other test asks for. */
const address = `127.0.${(process.pid >> 8) % 250}.${100 + (process.pid % 100)}`

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer().once('error', reject)
    server.listen(claimPort, address, () => resolve(server))
  })
}

test('an address is claimed as long as somebody listens on its port, and one that this computer does not have always is', async () => {
  assert.is(await isClaimed(address), false)
  const server = await listen()
  assert.is(await isClaimed(address), true)
  await new Promise((resolve) => server.close(resolve))
  assert.is(await isClaimed(address), false)
  assert.is(await isClaimed('192.0.2.1'), true)
})

test('addresses are given one after the other, each when the one before is claimed', async () => {
  const servers: Server[] = []
  const seen: boolean[] = []
  const give = async () => {
    seen.push(await isClaimed(address))
    // The forwarder comes a little later.
    if (servers.length === 0) setTimeout(() => void listen().then((server) => servers.push(server)), 100)
    return { PublicIp: address }
  }
  await Promise.all([inTurn(give), inTurn(give)])
  assert.equal(seen, [false, true])
  for (const server of servers) server.close()
})

test('tests share one address', () => {
  assert.equal(
    [claimsAddresses({}), claimsAddresses({ MLOPS_LOOPBACK: 'shared' }), claimsAddresses({ MLOPS_LOOPBACK: 'one' })],
    [true, false, true],
  )
})

test.run()
