import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { clientAddress, clientKey } from './client-address.ts'

/** Whose request it is that arrives from 127.0.0.1 with these headers, where these proxies are trusted. */
async function addressOf(trusted: readonly string[], ...forwarded: string[]): Promise<string> {
  const find = clientAddress(trusted)
  const server = createServer((request, response) => response.end(find(request)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const headers = forwarded.length === 0 ? {} : { 'X-Forwarded-For': forwarded }
    request({ port, host: '127.0.0.1', headers, agent: false }, async (response) => {
      const text = (await response.toArray()).join('')
      server.close(() => resolve(text))
    })
      .once('error', reject)
      .end()
  })
}

test('what a stranger says of himself is not believed', async () => {
  assert.is(await addressOf([], '203.0.113.9'), '127.0.0.1')
  assert.is(await addressOf(['10.0.0.0/8'], '203.0.113.9'), '127.0.0.1')
})

test('a trusted proxy is believed, and what its client claims is not', async () => {
  const proxy = ['127.0.0.0/8']
  assert.is(await addressOf(proxy, '203.0.113.9'), '203.0.113.9')
  assert.is(await addressOf(proxy, '198.51.100.1, 203.0.113.9'), '203.0.113.9')
  assert.is(await addressOf(proxy, '198.51.100.1', '203.0.113.9'), '203.0.113.9')
})

test('a chain of trusted proxies is followed to the first stranger', async () => {
  assert.is(await addressOf(['127.0.0.0/8', '10.0.0.0/8'], '198.51.100.1, 203.0.113.9, 10.1.2.3, 10.9.9.9'), '203.0.113.9')
  assert.is(await addressOf(['127.0.0.0/8', '10.0.0.0/8'], '10.1.2.3,10.9.9.9'), '10.1.2.3')
})

test('a proxy that names no address asks for itself', async () => {
  assert.is(await addressOf(['127.0.0.0/8']), '127.0.0.1')
  for (const nonsense of ['', 'unknown', '203.0.113.9, ', '203.0.113.9, _hidden', '999.1.1.1'])
    assert.is(await addressOf(['127.0.0.0/8'], nonsense), '127.0.0.1', nonsense)
})

test('ports, brackets and IPv6 addresses are understood', async () => {
  const proxy = ['127.0.0.0/8']
  assert.is(await addressOf(proxy, '203.0.113.9:4711'), '203.0.113.9')
  assert.is(await addressOf(proxy, '2001:db8::1'), '2001:db8::1')
  assert.is(await addressOf(proxy, '[2001:db8::1]:443'), '2001:db8::1')
  assert.is(await addressOf(proxy, '::ffff:203.0.113.9'), '203.0.113.9')
})

test('clients are counted by IPv4 address and by the first half of an IPv6 address', () => {
  assert.is(clientKey('203.0.113.9'), '203.0.113.9')
  for (const address of ['2001:db8:1:2::1', '2001:0db8:0001:0002:ffff::', '2001:db8:1:2:3:4:5:6', '2001:DB8:1:2:3:4:192.0.2.1'])
    assert.is(clientKey(address), '2001:db8:1:2::/64', address)
  assert.is(clientKey('2001:db8::7'), '2001:db8:0:0::/64')
  assert.is(clientKey('::1'), '0:0:0:0::/64')
  assert.is(clientKey('1::2:3:4:5:6'), '1:0:0:2::/64')
  assert.is(clientKey('64:ff9b::192.0.2.1'), '64:ff9b:0:0::/64')
  assert.is(clientKey('fe80::1%eth0'), 'fe80:0:0:0::/64')
})

test.run()
