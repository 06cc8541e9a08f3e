import type { IncomingMessage } from 'node:http'
import type { NetworkInterfaceInfo } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ownNetwork } from './own-network.ts'

const facing = (address: string, cidr: string) => [{ address, cidr, family: 'IPv4' } as NetworkInterfaceInfo]
const container = ownNetwork({ lo: facing('127.0.0.1', '127.0.0.1/8'), eth0: facing('172.18.0.3', '172.18.0.3/16') })
const plain = { headers: {} } as IncomingMessage

test('the machine and the other containers are neighbours, on loopback and on the bridge', () => {
  for (const address of ['127.0.0.1', '127.89.65.24', '::1', '172.18.0.1', '172.18.0.7']) assert.ok(container(plain, address), address)
})

test('strangers are none, nor are other machines of the same VPC, nor what has no address', () => {
  for (const address of ['203.0.113.9', '10.0.0.7', '172.19.0.1', '192.168.1.2', '2001:db8::1', ''])
    assert.not.ok(container(plain, address), address)
})

test('a public network that the machine is on is not its own', () => {
  const isNeighbour = ownNetwork({ eth0: facing('203.0.113.5', '203.0.113.5/24') })
  assert.not.ok(isNeighbour(plain, '203.0.113.9'))
})

test('what a proxy of the machine has sent on comes from anybody', () => {
  for (const name of ['x-forwarded-for', 'forwarded', 'via'])
    assert.not.ok(container({ headers: { [name]: '127.0.0.1' } } as unknown as IncomingMessage, '127.0.0.1'), name)
})

test.run()
