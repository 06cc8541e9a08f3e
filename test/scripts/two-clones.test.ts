// time limit: 480 s
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../support/client.ts'
import { kill, processesOf } from '../support/processes.ts'
import { document, holdPort, layProject, type Project } from '../support/project.ts'

const service = `import { createService } from '../kit/service.ts'
import { run } from '../kit/run.ts'

await run({ name: 'web', port: 8001 }, ({ name }) => createService({ name }))
`
/** As on a user's computer: the clouds look at each other's addresses. */
const env = { MLOPS_LOOPBACK: '' }

const one = await layProject()
const [port] = one.ports
const [two, three] = [await layProject(), await layProject()]
for (const project of [one, two, three]) {
  project.write({ 'services/web/server.ts': service })
  project.configure({ services: { web: { entry: './services/web/server.ts', port, expose: 'public' } } })
}

const run = (project: Project, ...words: [string, ...string[]]) => project.start(words[0], words.slice(1), { env }).ended
const idAt = async (address: string) => (await fetch(`http://${address}:${port}/health`)).headers.get('x-release-id')

const addresses: string[] = []

test('two clones that deploy the same ports at the same time get an address each, and each answers as itself', async () => {
  const deployed = await Promise.all([one, two].map((project) => run(project, 'deploy')))
  for (const { code, err } of deployed) assert.is(code, 0, err)
  for (const project of [one, two]) addresses.push(document(await run(project, 'status', '--json')).address)
  assert.equal(addresses.toSorted(), ['127.0.0.1', '127.0.0.2'])
  assert.not.equal(await idAt('127.0.0.1'), await idAt('127.0.0.2'))
  const second = deployed[addresses.indexOf('127.0.0.2')]!
  assert.match(second.out, `http://127.0.0.2:${port}`)
  for (const project of [one, two]) {
    const { services } = document(await run(project, 'verify', '--json'))
    const [own] = services[0].results.filter(({ name }: { name: string }) => name === 'the launched release answers at the address')
    assert.is(own?.ok, true, JSON.stringify(services[0].results))
  }
})

test('a further deploy of the second one says at once why it is not where people look', async () => {
  const second = [one, two][addresses.indexOf('127.0.0.2')]!
  const { code, err } = await run(second, 'deploy')
  assert.is(code, 0, err)
  assert.match(err, '127.0.0.1 is the address of another local stage on this computer, so this one answers at 127.0.0.2.')
})

test('a port of its own address that another program holds is refused by name', async () => {
  const squatter = (await holdPort(port!, '127.0.0.3'))!
  const { code, err } = await run(three, 'deploy')
  squatter.close()
  assert.is(code, 1)
  assert.match(err, `Port ${port} is held by another program on this machine. Nothing was changed.`)
  assert.match(err, `on      127.0.0.3:${port}`)
})

test('an answer of another launch at the address is seen by status and verify', async () => {
  const first = [one, two][addresses.indexOf('127.0.0.1')]!
  // Everything of the first one is gone for a moment, and something else sits on its port.
  const forwards = processesOf(first.folder).filter(({ command }) => /src\/local\/(main|forwarder\/main)\.ts/.test(command))
  let squatter: Awaited<ReturnType<typeof impostor>> | undefined
  kill(forwards.map(({ pid }) => pid))
  await until(async () => {
    squatter ??= await impostor()
    return squatter !== undefined
  }, 10)
  const status = await run(first, 'status', '--json')
  squatter!.closeAllConnections()
  squatter!.close()
  const { services } = document(status, 1)
  assert.equal(
    [services[0].state, services[0].detail],
    ['unhealthy', `HTTP 200 from another launch, 9-other instead of ${await launched(first)}`],
  )
})

/** The identity that the machine of a project runs under, by what answers once its port is free again. */
async function launched(project: Project): Promise<string | null> {
  await run(project, 'status')
  let id: string | null = null
  await until(async () => {
    id = await idAt('127.0.0.1').catch(() => null)
    return id !== null
  }, 10)
  return id
}

async function impostor() {
  const { createServer } = await import('node:http')
  const server = createServer((_, response) => response.writeHead(200, { 'x-release-id': '9-other' }).end('{}'))
  return await new Promise<typeof server | undefined>((done) =>
    server.once('error', () => done(undefined)).listen(port, '127.0.0.1', () => done(server)),
  )
}

test.run()
