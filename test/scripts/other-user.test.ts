// time limit: 240 s
/**
 * What another user of the same computer gets of a local stage: its public ports, and nothing else. Where the packet
 * filter cannot be told to keep others out, which takes root and iptables, some ports answer because the loopback is
 * everybody's; they are listed here one by one, and so does the README ("This machine").
 */
import { chmodSync, existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readCredentials } from '../../src/local/files/keys.ts'
import { closeToOthers, openToOthers } from '../../src/local/machine/packet-filter.ts'
import { noStranger } from '../support/asker.ts'
import { processesOf } from '../support/processes.ts'
import { layProject, nothingRuns } from '../support/project.ts'
import { everythingBelow, type Reached, type Sockets, socketsOf, tryAsStranger } from './other-user.fixture.ts'

if (noStranger !== undefined) test(`nothing is tried as another user: ${noStranger}`, () => undefined)
else if (process.platform !== 'linux') test('nothing is tried as another user: what listens is read from /proc', () => undefined)
else {
  const marker = 'marker-52c1e0f7'
  const project = await layProject()
  const [web, inner, prometheus, grafana] = project.ports
  const service = `import { createServer } from 'node:http'
import { existsSync, readFileSync } from 'node:fs'
const { PORT, HOST, TOKEN_FILE } = process.env
const secret = TOKEN_FILE && existsSync(TOKEN_FILE) && readFileSync(TOKEN_FILE, 'utf8')
createServer((request, response) => response.end(secret ? 'has its secret' : 'has none')).listen(Number(PORT), HOST)
process.on('SIGTERM', () => process.exit(0))
`
  let publicPorts: string[] = []
  let sockets: Sockets
  let files: string[]
  let reached: Reached
  const stage = () => processesOf(project.folder).map(({ pid }) => pid)
  const memory = () =>
    globSync('/dev/shm/mlops-i-*').filter((folder) =>
      existsSync(join(project.state, 'cloud', 'instances', folder.slice('/dev/shm/mlops-'.length))),
    )

  test.before(async () => {
    // The worst that a user can have done to their own files: everybody may do everything with what is made from here
    // on.
    chmodSync(project.folder, 0o777)
    process.umask(0)
    project.write({ 'services/web/server.ts': service, 'services/inner/server.ts': service })
    project.configure({
      services: {
        web: { entry: './services/web/server.ts', port: web, expose: 'public', environment: { TOKEN: { secret: 'TOKEN' } } },
        inner: { entry: './services/inner/server.ts', port: inner, expose: 'nobody' },
      },
      monitoring: { prometheus: { port: prometheus }, grafana: { port: grafana }, expose: 'nobody' },
    })
    const { code, err } = await project.start('secret', ['set', 'TOKEN'], { input: marker }).ended
    assert.is(code, 0, err)
    const deployed = await project.run('deploy', '--json')
    assert.is(deployed.code, 0, deployed.err)
    const { urls } = JSON.parse(deployed.out) as { urls: Record<string, string> }
    assert.equal(Object.keys(urls), ['web'])
    publicPorts = Object.values(urls).map((url) => new URL(url).host)
    assert.is(await (await fetch(urls.web!)).text(), 'has its secret')
    const folders = [project.state, ...memory()]
    files = folders.flatMap(everythingBelow)
    sockets = socketsOf(stage(), files)
    reached = tryAsStranger(sockets, [
      ...files,
      ...stage().flatMap((pid) => ['environ', 'mem', 'cwd', 'fd'].map((name) => `/proc/${pid}/${name}`)),
    ])
  })
  test.after(async () => {
    await project.run('destroy', '--yes', '--all', '--quiet')
    await nothingRuns(project)
  })

  test('what is tried is everything: the cloud, its machine, its services, and the files of each', () => {
    const ports = sockets.tcp.map((address) => Number(address.split(':')[1]))
    for (const port of [web, inner]) assert.ok(ports.includes(port!), `${port} of ${sockets.tcp}`)
    assert.ok(sockets.tcp.length >= 5, `the cloud, the metadata service, two services, a public port: ${sockets.tcp}`)
    assert.ok(sockets.unix.some((path) => path.endsWith('/docker.sock')))
    assert.ok(files.some((file) => file.endsWith('/cloud/credentials.json')))
    assert.ok(files.some((file) => file.startsWith('/dev/shm/') && readable(file).includes(marker)))
  })

  test('no port is open on every address of the computer', () => {
    assert.equal(
      sockets.tcp.filter((address) => !/^(127|10)\./.test(address)),
      [],
    )
  })

  test('nothing answers another user but the public ports', async () => {
    // A machine has a public address of its own beside the stage's, with the same ports.
    const own = sockets.tcp.filter((address) => /^127\.(6[4-9]|[78]\d|9\d|1[01]\d|12[0-7])\./.test(address) && address.endsWith(`:${web}`))
    const allowed = new Set([...publicPorts, ...own])
    if (!(await hasWall()))
      for (const address of sockets.tcp) {
        // The packet filter is not ours to change here, and nothing else tells a server on the loopback who connects.
        // What the security group does not open is reached all the same at a machine's own address; the cloud's port
        // refuses what is not signed.
        if (/^127\.(12[89]|1[3-9]\d)\./.test(address) && !isMetadata(address)) allowed.add(address)
        if (address === endpoint()) allowed.add(address)
      }
    assert.equal(
      Object.keys(reached.answered).filter((name) => !allowed.has(name)),
      [],
    )
    assert.equal(
      publicPorts.filter((name) => reached.answered[name] === undefined),
      [],
    )
    assert.equal(
      reached.connected.filter((name) => name.startsWith('/')),
      [],
    )
  })

  test('nothing that is answered holds a secret, or a key to one', () => {
    const said = Object.values(reached.answered).join('\n')
    const { secretAccessKey, accessKeyId } = readCredentials(join(project.state, 'cloud'))!
    const role = JSON.parse(readable(files.find((file) => /instances\/[^/]+\/credentials\.json$/.test(file))!))
    for (const value of [marker, secretAccessKey, accessKeyId, role.SecretAccessKey, role.Token]) assert.not.ok(said.includes(value))
  })

  test('another user reads, lists and changes no file of it, whatever the umask was, and sees into no process', () => {
    assert.equal(reached.files, [])
  })

  test('no file may be changed by others by its own mode either, but in the closed folders of what is built, compiled, and laid out as images have it', () => {
    const open = files.filter((file) => {
      const found = statSync(file, { throwIfNoEntry: false })
      const closed = /\/(docker\/layers|docker\/containers|cache|compiled)\//.test(file)
      return found !== undefined && (found.mode & 0o022) !== 0 && !closed
    })
    assert.equal(open, [])
  })

  test('no command line, which everybody may read, holds a secret', () => {
    const lines = processesOf(project.folder).map(({ command }) => command)
    assert.ok(lines.length >= 4)
    const { secretAccessKey } = readCredentials(join(project.state, 'cloud'))!
    assert.equal(
      lines.filter((line) => line.includes(marker) || line.includes(secretAccessKey)),
      [],
    )
  })

  /** Whether this root may tell the packet filter to keep others out. */
  async function hasWall(): Promise<boolean> {
    const closed = await closeToOthers({ name: `probe-${process.pid}`, folder: project.folder, addresses: ['127.191.255.254'] })
    await openToOthers(`probe-${process.pid}`)
    if (!closed)
      console.log('Ports of machines stay open to other users here: this root may not change the packet filter, or there is no iptables.')
    return closed
  }

  const isMetadata = (address: string) =>
    files.some((file) => file.endsWith('/metadata.json') && readable(file).includes(`http://${address}"`))
  const endpoint = () => new URL(JSON.parse(readable(join(project.state, 'cloud', 'cloud.json'))).endpoint).host
}

function readable(file: string): string {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : ''
}

test.run()
