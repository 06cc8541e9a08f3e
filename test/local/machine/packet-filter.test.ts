import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { closeToOthers, openToOthers, rule, rulesIn, sweepRules } from '../../../src/local/machine/packet-filter.ts'
import { noStranger, startAsker, stranger } from '../../support/asker.ts'

test('a rule of the packet filter refuses the connections that other users open, and says whose it is', () => {
  assert.is(
    rule({ name: 'i-1', folder: '/x/instances/i-1', addresses: ['127.128.0.1'] }, 0).join(' '),
    'OUTPUT -d 127.128.0.1/32 -p tcp -m owner ! --uid-owner 0 -m comment --comment mlops:i-1:/x/instances/i-1 -j REJECT --reject-with tcp-reset',
  )
  assert.match(
    rule({ name: 'cloud', folder: '/x', addresses: ['127.0.0.1'], port: 4780 }, 7).join(' '),
    /-p tcp --dport 4780 -m owner ! --uid-owner 7 /,
  )
  const long = rule({ name: 'i-1', folder: `/${'x'.repeat(300)}`, addresses: ['127.128.0.1'] }, 0)
  assert.is(long[long.indexOf('--comment') + 1]?.length, 255)
})

test('rules are read as the packet filter prints them', () => {
  const printed =
    '-P OUTPUT ACCEPT\n-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -d 127.0.0.1/32 -m comment --comment "mlops:cloud:/a b/\\"c\\"" -j REJECT\n'
  assert.equal(rulesIn(printed), [
    ['OUTPUT', '-o', 'lo', '-j', 'ACCEPT'],
    ['OUTPUT', '-d', '127.0.0.1/32', '-m', 'comment', '--comment', 'mlops:cloud:/a b/"c"', '-j', 'REJECT'],
  ])
})

if (noStranger === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'guarded "by me" '))
  const name = `i-test${process.pid}`
  const addresses = [`127.129.${process.pid % 250}.1`, `127.129.${process.pid % 250}.2`]
  const guarded = { name, folder, addresses }
  const servers = addresses.map(() => createServer((_, response) => response.end('open')))
  let urls: string[] = []
  const asked = async (uid?: number) => {
    const asker = await startAsker({}, uid)
    try {
      const answers = []
      for (const url of urls) answers.push(await asker.ask({ url }))
      const said = new Set(answers.map(({ text, error }) => text ?? error))
      return [...said].join(' and ')
    } finally {
      asker.end()
    }
  }

  test.before(async () => {
    const listen = (server: Server, address: string) => new Promise<void>((resolve) => server.listen(0, address, resolve))
    await Promise.all(servers.map((server, index) => listen(server, addresses[index]!)))
    urls = servers.map((server, index) => `http://${addresses[index]}:${(server.address() as AddressInfo).port}/`)
  })
  test.after(async () => {
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true, force: true })
    await openToOthers(name)
  })

  test('behind it other users find nothing that listens, and its owner everything', async () => {
    assert.is(await asked(stranger), 'open')
    if (!(await closeToOthers(guarded)))
      return console.log('Not tried behind a rule: this root may not change the packet filter, or there is no iptables.')
    assert.equal([await asked(stranger), await asked()], ['ECONNREFUSED', 'open'])
    // Two of them would need two ends.
    await closeToOthers(guarded)
    // Clouds sweep while others end: who comes second finds nothing to take away.
    await Promise.all(Array.from({ length: 8 }, () => openToOthers(name)))
    assert.is(await asked(stranger), 'open')
  })

  test('it goes with the folder of what it protected, whoever has removed that', async () => {
    if (!(await closeToOthers(guarded))) return
    await sweepRules()
    assert.is(await asked(stranger), 'ECONNREFUSED')
    rmSync(folder, { recursive: true })
    await sweepRules()
    assert.is(await asked(stranger), 'open')
  })
}

if (process.getuid?.() !== 0)
  test('where this is not root nothing is closed, and nothing is said about it', async () => {
    assert.is(await closeToOthers({ name: 'i-1', folder: '/x', addresses: ['127.128.0.1'] }), false)
    await openToOthers('i-1')
    await sweepRules()
  })

test.run()
