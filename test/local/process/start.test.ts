// time limit: 180 s
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SSM } from '@aws-sdk/client-ssm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Status } from '../../../src/local/admin/admin.ts'
import { askCloud } from '../../../src/local/admin/client.ts'
import { readCloudState } from '../../../src/local/process/cloud-state.ts'
import { environmentOf } from '../../../src/local/process/launch.ts'
import type { Started } from '../../../src/local/process/start.ts'
import { startCloud, stopCloud } from '../../../src/local/process/start.ts'
import { refuseTakenPorts } from '../../../src/local/process/taken-ports.ts'
import { createStore } from '../../../src/local/store.ts'
import { Failure } from '../../../src/report/failure.ts'

const base = mkdtempSync(path.join(tmpdir(), 'start-'))
const folder = path.join(base, 'cloud')
const project = path.join(import.meta.dirname, '../../..')
const start = (more: object = {}) => startCloud({ folder, port: 0, ...more })
/** A client writes into the credentials that it is given, so it gets some of its own. */
const client = ({ endpoint, region, credentials }: Started) =>
  new SSM({ endpoint, region, credentials: { ...credentials }, maxAttempts: 1 })

test.after(async () => {
  await stopCloud({ folder })
  rmSync(base, { recursive: true, force: true })
})

/** Another program that holds a port and never says anything. */
async function squat(port: number) {
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** The failure that this ends with. */
async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('this should have failed')
}

/** Waits until a process is gone. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await sleep(5)
  }
}

test('before the first start there is nothing to ask and nothing to stop', async () => {
  assert.is(await askCloud<Status>(folder, 'status'), undefined)
  await stopCloud({ folder })
  await refuseTakenPorts({ folder }, {}, [])
})

test('three starts at once end with one cloud', async () => {
  const code = `
    import { startCloud } from ${JSON.stringify(`${project}/src/local/process/start.ts`)}
    console.log(JSON.stringify(await startCloud({ folder: ${JSON.stringify(folder)}, port: 0 })))`
  const others = [0, 1].map(() => {
    const child = spawn(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    return Promise.all([child.stdout.toArray(), once(child, 'exit')]).then(([chunks]) => JSON.parse(chunks.join('')))
  })
  const [mine, ...theirs] = await Promise.all([start(), ...others])
  for (const each of theirs) assert.equal(each, mine)
  const status = await askCloud<Status>(folder, 'status')
  assert.is(status?.pid, readCloudState(folder)?.pid)
  assert.is(status?.region, 'us-east-1')
  assert.is((statSync(folder).mode & 0o777).toString(8), '700')
})

test('the process gets nothing of its first caller’s environment but what it needs', async () => {
  const env = environmentOf({ PATH: '/bin', LANG: 'C', AWS_SECRET_ACCESS_KEY: 'x', DATABASE_URL: 'y', MLOPS_LOOPBACK: 'one' }, '/folder')
  assert.equal(env, { PATH: '/bin', LANG: 'C', MLOPS_LOOPBACK: 'one', NODE_COMPILE_CACHE: '/folder/compiled' })
  const { pid } = (await askCloud<Status>(folder, 'status')) ?? { pid: 0 }
  if (process.platform !== 'linux') return
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter(Boolean)
    .map((each) => each.split('=')[0]!)
  assert.equal(
    names.filter((name) => !(name in environmentOf(process.env, folder))),
    [],
  )
})

test('a further start finds the cloud that runs', async () => {
  const before = await askCloud<Status>(folder, 'status')
  await start()
  assert.is((await askCloud<Status>(folder, 'status'))?.pid, before?.pid)
})

test('killed at any moment and started again, it is where it was and has what it acknowledged', async () => {
  const first = await start()
  const ssm = client(first)
  const written: string[] = []
  const pid = (await askCloud<Status>(folder, 'status'))?.pid as number
  const writing = (async () => {
    for (let index = 0; ; index++) {
      await ssm.putParameter({ Name: `/kept/${index}`, Value: 'v', Type: 'String' })
      written.push(`/kept/${index}`)
      if (index === 20) process.kill(pid, 'SIGKILL')
    }
  })()
  await writing.catch(() => {})
  ssm.destroy()
  await ended(pid)
  assert.is(await askCloud<Status>(folder, 'status'), undefined)
  const second = await start()
  assert.equal(second, first, 'the same endpoint and credentials')
  assert.is.not((await askCloud<Status>(folder, 'status'))?.pid, pid)
  const again = client(second)
  assert.ok(written.length >= 20)
  for (const Name of written) assert.is((await again.getParameter({ Name })).Parameter?.Value, 'v')
  again.destroy()
})

test('another region is the same process, which keeps what is of each region apart', async () => {
  const pid = (await askCloud<Status>(folder, 'status'))?.pid
  const started = await start({ region: 'eu-central-1' })
  assert.is(started.region, 'eu-central-1')
  assert.is((await askCloud<Status>(folder, 'status'))?.pid, pid)
  const home = await start()
  assert.is(home.region, 'us-east-1', 'who names none gets that of the first start')
  const [there, here] = [client(started), client(home)]
  assert.is(await there.getParameter({ Name: '/kept/0' }).catch((error: Error) => error.name), 'ParameterNotFound')
  await there.putParameter({ Name: '/kept/0', Value: 'there', Type: 'String' })
  assert.is((await there.getParameter({ Name: '/kept/0' })).Parameter?.ARN, 'arn:aws:ssm:eu-central-1:000000000000:parameter/kept/0')
  assert.is((await here.getParameter({ Name: '/kept/0' })).Parameter?.Value, 'v')
})

test('one that runs other code is replaced', async () => {
  const copy = path.join(base, 'project')
  for (const part of ['src', 'config', 'package.json']) cpSync(path.join(project, part), path.join(copy, part), { recursive: true })
  symlinkSync(path.join(project, 'node_modules'), path.join(copy, 'node_modules'))
  writeFileSync(path.join(copy, 'src/local/newer.ts'), '// a newer version\n')
  const before = await askCloud<Status>(folder, 'status')
  const newer = await import(path.join(copy, 'src/local/process/start.ts'))
  // Another script calls the API meanwhile, as often as the deploy path's clients do at most, without a failure.
  const { endpoint, region, credentials } = await start()
  const ssm = new SSM({ endpoint, region, credentials: { ...credentials }, maxAttempts: 8 })
  let over = false
  const calling = Array.from({ length: 4 }, async () => {
    for (let calls = 0; ; calls++) {
      if (over) return calls
      await ssm.getParameter({ Name: '/kept/0' })
    }
  })
  await newer.startCloud({ folder })
  over = true
  for (const calls of await Promise.all(calling)) assert.ok(calls > 0)
  ssm.destroy()
  const after = await askCloud<Status>(folder, 'status')
  assert.is.not(after?.version, before?.version)
  assert.is.not(after?.pid, before?.pid)
})

test('SIGTERM ends it in good order; its port stays its own where something depends on it', async () => {
  const { endpoint } = await start()
  const { ECR } = await import('@aws-sdk/client-ecr')
  const options = { ...(await start()), maxAttempts: 1 }
  const ecr = new ECR(options)
  await ecr.createRepository({ repositoryName: 'kept' })
  const { pid } = (await askCloud<Status>(folder, 'status')) ?? { pid: 0 }
  process.kill(pid, 'SIGTERM')
  await ended(pid)
  assert.match(readFileSync(path.join(folder, 'cloud.log'), 'utf8'), / stopping, instances: keep\n.* stopped\n$/)

  const squatter = await squat(Number(new URL(endpoint).port))
  const failure = await failureOf(start())
  assert.is(
    failure.message,
    `Port ${new URL(endpoint).port}, on which the embedded cloud has been since its first start, is held by another program.`,
  )
  squatter.close()
  await once(squatter, 'close')
  assert.is((await start()).endpoint, endpoint)
  await new ECR(options).deleteRepository({ repositoryName: 'kept' })
})

test('where nothing depends on its port but an instance that has ended, it takes another one', async () => {
  const { endpoint } = await start()
  await stopCloud({ folder })
  const store = createStore(path.join(folder, 'cloud.db'))
  // It stays visible for an hour.
  store.put('instance', 'i-ended', { InstanceId: 'i-ended', State: 'terminated', TerminatedAt: Date.now(), Tags: [] } as never)
  store.close()
  const squatter = await squat(Number(new URL(endpoint).port))
  assert.is.not((await start()).endpoint, endpoint)
  squatter.close()
})

test('ports that another program holds are named', async () => {
  await start()
  const squatter = await squat(0)
  const { port } = squatter.address() as { port: number }
  const failure = await failureOf(refuseTakenPorts({ folder }, {}, [port]))
  assert.is(failure.message, `Port ${port} is held by another program on this machine. Nothing was changed.`)
  squatter.close()
  await once(squatter, 'close')
  await refuseTakenPorts({ folder }, {}, [port])
})

test('the log has one line a call, and neither secrets nor values', async () => {
  const started = await start()
  const ssm = client(started)
  await ssm.putParameter({ Name: '/log/marker', Value: 'marker-in-no-log', Type: 'String' })
  await ssm.getParameter({ Name: '/log/none' }).catch(() => {})
  ssm.destroy()
  const log = readFileSync(path.join(folder, 'cloud.log'), 'utf8')
  assert.match(log, /^\d{4}-\d\d-\d\dT[\d:.]+Z ssm:PutParameter 200 \d+ ms$/m)
  assert.match(log, /ssm:GetParameter 400 \d+ ms ParameterNotFound$/m)
  assert.not(log.includes('marker-in-no-log'))
  assert.not(log.includes(started.credentials.secretAccessKey))
})

test('a folder that cannot be had is a failure that says why', async () => {
  const file = path.join(base, 'file')
  writeFileSync(file, '')
  const failure = await failureOf(startCloud({ folder: path.join(file, 'cloud') }))
  assert.match(failure.message, /^The embedded cloud cannot keep its state: ENOTDIR.* Nothing was changed\.$/)
})

test('a cloud that does not come up shows the last lines of its log', async () => {
  const broken = path.join(base, 'broken')
  mkdirSync(broken, { mode: 0o700 })
  writeFileSync(path.join(broken, 'cloud.db'), 'this is no database, and it is long enough to be seen as none'.repeat(20))
  chmodSync(path.join(broken, 'cloud.db'), 0o600)
  const failure = await failureOf(startCloud({ folder: broken, port: 0 }))
  assert.is(failure.message, 'The embedded cloud did not start.')
  assert.match(failure.details.log?.join('\n') ?? '', /file is not a database/)
  assert.is(failure.details.next, `cat ${path.join(broken, 'cloud.log')}`)
})

test('a cloud that hangs is told after seconds, then with the command that ends it; killed so, it is back with what it had', async () => {
  const started = await start()
  const ssm = client(started)
  await ssm.putParameter({ Name: '/kept/through', Value: 'it', Type: 'String', Overwrite: true })
  const { pid } = readCloudState(folder)!
  process.kill(pid, 'SIGSTOP')
  const words: string[] = []
  const failure = await failureOf(start({ waiting: (line: string) => words.push(line) }))
  assert.equal(words, [`The embedded cloud in ${folder} runs (process ${pid}) and does not answer; it is waited for, at most 20 s.`])
  assert.equal([failure.message, failure.details.next], ['The embedded cloud does not answer.', `kill -9 ${pid}`])
  process.kill(pid, 'SIGKILL')
  await ended(pid)
  await start()
  assert.is((await ssm.getParameter({ Name: '/kept/through' })).Parameter?.Value, 'it')
  ssm.destroy()
})

test('a stopped cloud is gone, and a second stop has nothing to do', async () => {
  await start()
  const pid = (await askCloud<Status>(folder, 'status'))?.pid as number
  await stopCloud({ folder })
  await ended(pid)
  await stopCloud({ folder })
})

test.run()
