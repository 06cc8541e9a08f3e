import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { writeWhole } from '../../../src/local/files/whole.ts'
import { admits } from '../../../src/local/forwarder/blocks.ts'
import { forwardingFolder, type Report, type Rules } from '../../../src/local/forwarder/rules.ts'
import { openPorts } from '../../../src/local/machine/forwarding.ts'
import { identify } from '../../../src/local/machine/process-table.ts'
import { createSmallCloud, until } from '../machine/small-cloud.fixture.ts'

const small = createSmallCloud()
const files = forwardingFolder(small.cloud.folder)
const address = '127.0.0.91'
const world = (FromPort: number, ToPort = FromPort, CidrIpv4 = '0.0.0.0/0') => ({ IpProtocol: 'tcp', FromPort, ToPort, CidrIpv4 })
let first: string
let second: string
let port: number

/** A free port on the public address, the same one for the instances' own addresses. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

/** A web server on an instance, which answers with its name, slowly on /slow. */
async function serve(id: string, name: string): Promise<void> {
  const answer = `q.url === "/connections" ? server.getConnections((e, n) => r.end(String(n))) : setTimeout(() => r.end("${name}"), q.url === "/slow" ? 400 : 0)`
  const text = `const server = require("http").createServer((q, r) => ${answer}).listen(${port}, "${small.instance(id).PrivateIpAddress}")`
  await small.sh(id, `${process.execPath} -e '${text}' >/dev/null 2>&1 </dev/null &`)
  await until(() => fetch(`http://${small.instance(id).PrivateIpAddress}:${port}`).catch(() => undefined), `${name} listens`)
}

const ask = async (path = '/', host = address) =>
  (await fetch(`http://${host}:${port}${path}`, { headers: { connection: 'close' } })).text()
/** How many connections the server of an instance has, beside the one that asks. */
const connectionsOf = async (id: string) => Number(await ask('/connections', small.instance(id).PrivateIpAddress)) - 1
const refused = (host = address) =>
  ask('/', host).then(
    () => undefined,
    (error) => error.cause?.code as string,
  )

function associate(InstanceId: string | undefined, PrivateIpAddress?: string) {
  small.cloud.store.put('address', 'eipalloc-1', {
    AllocationId: 'eipalloc-1',
    PublicIp: address,
    Tags: [],
    ...(InstanceId && { InstanceId }),
    ...(PrivateIpAddress && { PrivateIpAddress }),
  })
  small.cloud.machines.reconcile()
}

test.before(async () => {
  port = await freePort()
  first = small.launch({ PublicIpAddress: '127.64.91.1' })
  second = small.launch()
  await Promise.all([small.online(first), small.online(second)])
  await Promise.all([serve(first, 'first'), serve(second, 'second')])
})
test.after(() => small.end())

test('an instance is reached on the ports that its group opens, on its own public address, then on its Elastic IP', async () => {
  assert.is(await refused('127.64.91.1'), 'ECONNREFUSED')
  small.group('sg-1', world(port))
  await until(async () => (await ask('/', '127.64.91.1').catch(() => '')) === 'first', 'the own address leads there')
  associate(first)
  await until(async () => (await ask().catch(() => '')) === 'first', 'the Elastic IP leads there')
  await until(async () => (await refused('127.64.91.1')) === 'ECONNREFUSED', 'its own address is given up')
})

test('rules change live: closed, for others only, and open again', async () => {
  small.group('sg-1')
  await until(async () => (await refused()) === 'ECONNREFUSED', 'the port is closed')
  small.group('sg-1', world(port, port, '10.0.0.0/8'))
  await sleep(50)
  assert.is(await refused(), 'ECONNREFUSED', 'nobody from there can ever come by loopback')
  small.group('sg-1', world(port, port, '127.0.0.250/32'))
  await until(async () => (await refused()) === 'ECONNRESET', 'another client is turned away')
  small.group('sg-1', { IpProtocol: 'tcp', FromPort: port, ToPort: port, ReferencedGroupId: 'sg-1' }, world(port - 1, port + 1))
  await until(async () => (await ask().catch(() => '')) === 'first', 'it is open again')
})

test('a port on which nothing listens resets the client', async () => {
  const socket = connect(port + 1, address)
  const [error] = await once(socket, 'error').catch((reason) => [reason])
  assert.is(error.code, 'ECONNRESET')
})

/** Eight clients that ask without a pause, one of them slowly, while something happens. */
async function underLoad(work: (seen: Set<string>) => Promise<void>): Promise<void> {
  const failed: unknown[] = []
  let running = true
  const seen = new Set<string>()
  const load = Array.from({ length: 8 }, async (_, index) => {
    while (running) {
      try {
        seen.add(await ask(index === 0 ? '/slow' : '/'))
      } catch (error) {
        failed.push((error as Error).cause ?? error)
      }
    }
  })
  await until(() => seen.size > 0, 'somebody answers')
  await work(seen)
  running = false
  await Promise.all(load)
  assert.equal(failed, [])
}

/** The forwarder's own report. */
const report = () => JSON.parse(readFileSync(files.report, 'utf8')) as Report

test('a cloud that is replaced leaves its ports open: no request fails, and the forwarder is the same', async () => {
  const { pid } = report()
  await underLoad(async () => {
    const slow = ask('/slow')
    await sleep(50)
    await small.cloud.machines.detach()
    await sleep(300)
    await small.restart()
    assert.is(await slow, 'first')
  })
  assert.is(report().pid, pid)
})

test('a forwarder that is killed is back within a second', async () => {
  const { pid } = report()
  process.kill(pid, 'SIGKILL')
  const killed = Date.now()
  await until(async () => (await ask().catch(() => '')) === 'first', 'the port is open again')
  assert.ok(Date.now() - killed < 3000, `${Date.now() - killed} ms`)
  assert.is.not(report().pid, pid)
})

test('a forwarder that hangs is replaced within seconds; one that was only asleep for a moment is not', async () => {
  const { pid } = report()
  process.kill(pid, 'SIGSTOP')
  await sleep(3000)
  process.kill(pid, 'SIGCONT')
  await until(async () => (await ask().catch(() => '')) === 'first', 'it goes on')
  assert.is(report().pid, pid)
  process.kill(pid, 'SIGSTOP')
  await until(() => report().pid !== pid, 'another one forwards')
  assert.is(identify(pid), undefined)
  await until(async () => (await ask().catch(() => '')) === 'first', 'the port answers again')
})

test('a forwarder of another version takes over every port while it listens: no request fails', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'forwarder-'))
  const project = join(import.meta.dirname, '../../..')
  for (const part of ['src/local', 'config', 'package.json']) cpSync(join(project, part), join(copy, part), { recursive: true })
  const before = report()
  await underLoad(async () => {
    const slow = ask('/slow')
    await sleep(50)
    const rules = JSON.parse(readFileSync(files.rules, 'utf8')) as Rules
    writeWhole(files.rules, { ...rules, program: join(copy, 'src/local/forwarder/main.ts'), version: 'newer' } satisfies Rules)
    await until(() => report().version === 'newer', 'the other one forwards')
    assert.is(await slow, 'first', 'a request in flight is finished by the earlier one')
    await until(() => identify(before.pid) === undefined, 'the earlier one has ended')
  })
  assert.is.not(report().pid, before.pid)
  rmSync(copy, { recursive: true, force: true })
})

test('one that cannot start takes nothing over', async () => {
  const before = report()
  const rules = JSON.parse(readFileSync(files.rules, 'utf8')) as Rules
  await underLoad(async () => {
    writeWhole(files.rules, { ...rules, program: join(import.meta.dirname, '../cloud.fixture.ts'), version: 'broken' } satisfies Rules)
    await until(() => readFileSync(files.log, 'utf8').includes('this one goes on'), 'it says so')
  })
  assert.is(report().pid, before.pid)
  writeWhole(files.rules, rules)
})

test('an address that moves cuts what goes through it and tells neither side, and leads new connections to the new place', async () => {
  const heard: string[] = []
  const slow = connect(port, address)
  await once(slow, 'connect')
  for (const event of ['data', 'end', 'close', 'error']) slow.on(event, () => heard.push(event))
  slow.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  // The second gives up the address of its own for the Elastic IP.
  const own = small.instance(second).PublicIpAddress!
  const aside = connect(port, own)
  await once(aside, 'connect')
  for (const event of ['data', 'end', 'close', 'error']) aside.on(event, () => heard.push(`own: ${event}`))
  await until(async () => (await connectionsOf(first)) === 1 && (await connectionsOf(second)) === 1, 'both have arrived')
  associate(second)
  await until(async () => (await ask().catch(() => '')) === 'second', 'the address leads to the second')
  assert.is(await refused(own), 'ECONNREFUSED')
  for (const socket of [slow, aside]) socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  // Longer than the slow answer takes: it was given, and did not come.
  await sleep(1000)
  assert.equal(heard, [], 'neither an answer nor an end')
  for (const socket of [slow, aside]) socket.destroy()
  await until(async () => (await connectionsOf(first)) === 0, 'the service has let go of it by its own limit')
})

test('a secondary private address leads to the same programs, under the same rules, and so does its Elastic IP', async () => {
  const secondary = '127.0.0.93'
  const { store, machines } = small.cloud
  store.put('instance', second, { ...small.instance(second), SecondaryPrivateIpAddresses: [secondary] })
  machines.reconcile()
  await until(async () => (await ask('/', secondary).catch(() => '')) === 'second', 'it is reached by that')
  associate(second, secondary)
  const own = small.instance(second).PublicIpAddress!
  await until(async () => (await ask('/', own).catch(() => '')) === 'second', 'the primary one has its own public address')
  assert.is(await ask(), 'second')
  assert.is(await refused('127.0.0.94'), 'ECONNREFUSED')
  small.group('sg-1')
  await until(async () => (await refused(secondary)) === 'ECONNREFUSED', 'rules hold for it as well')
  assert.equal([await refused(), await refused(own)], ['ECONNREFUSED', 'ECONNREFUSED'])
  small.group('sg-1', world(port - 1, port + 1))
  await until(async () => (await ask().catch(() => '')) === 'second', 'it is open again')
})

test('connections to an instance that is killed are closed, and a later one is refused', async () => {
  const socket = connect(port, address)
  await once(socket, 'connect')
  socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await sleep(50)
  const closed = once(socket, 'close').catch(() => undefined)
  await small.terminate(second)
  await closed
  await until(async () => (await refused()) === 'ECONNREFUSED', 'nothing listens any more')
})

test('a port that another program holds is taken as soon as it is free', async () => {
  associate(undefined)
  await until(async () => (await refused()) === 'ECONNREFUSED', 'nothing listens')
  const other = createServer((socket) => socket.end()).listen(port, address)
  await once(other, 'listening')
  associate(first)
  assert.equal(await small.cloud.machines.taken(address, [port, port + 1]), [port])
  await until(() => small.cloud.machines.refused().length > 0, 'it is known')
  assert.equal(small.cloud.machines.refused(), [{ address, port, code: 'EADDRINUSE' }])
  await new Promise((resolve) => other.close(resolve))
  await until(async () => (await ask().catch(() => '')) === 'first', 'the forwarder has the port')
  assert.equal(await small.cloud.machines.taken(address, [port]), [])
  await until(() => small.cloud.machines.refused().length === 0, 'nothing is refused any more')
})

test('a group that opens everything is not forwarded, and the log says so once', () => {
  const lines: string[] = []
  const rules = [
    { IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' },
    world(80),
    { IpProtocol: 'udp', FromPort: 53, ToPort: 53, CidrIpv4: '0.0.0.0/0' },
  ]
  assert.equal([...openPorts(rules, (line) => lines.push(line)).keys()], [80])
  openPorts(rules, (line) => lines.push(line))
  assert.equal(lines, ['a rule that opens ports 1–65535 is not forwarded: at most 1000 ports a rule'])
})

test('a block holds the addresses that it says', () => {
  assert.ok(admits('0.0.0.0/0', '127.0.0.1'))
  assert.ok(admits('127.0.0.0/8', '127.200.3.4'))
  assert.ok(admits('192.0.2.7/32', '192.0.2.7'))
  assert.not.ok(admits('192.0.2.7/32', '192.0.2.8'))
  assert.not.ok(admits('10.0.0.0/8', '127.0.0.1'))
})

test('a forwarder whose folder is removed ends, and the cloud starts another one', async () => {
  const { pid } = report()
  rmSync(files.path, { recursive: true, maxRetries: 5 })
  await until(() => identify(pid) === undefined, 'it has ended')
  await until(async () => (await ask().catch(() => '')) === 'first', 'the port is open again')
})

test.run()
