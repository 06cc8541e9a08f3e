/**
 * The deploy path against somebody else's AWS: moto. Where `moto_server` is not installed, one line says so.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { until } from '../../src/aws/retry.ts'
import { programOnPath } from '../../src/image/program.ts'
import { destroy } from '../../src/release/destroy.ts'
import { recipesOf } from '../../src/release/images.ts'
import { history } from '../../src/release/ledger.ts'
import { planDeploy } from '../../src/release/plan.ts'
import { provision } from '../../src/release/provision.ts'
import { lookAt } from '../../src/release/situation.ts'
import { statusOf } from '../../src/release/status.ts'
import { withLease } from '../../src/release/with-lease.ts'
import { freePort } from '../aws/cloud.fixture.ts'
import { configOf } from './config.fixture.ts'

/** Runs `work` with the clients of a moto server of its own. It lacks AWS's managed policies unless it is told to load them, which makes it a stricter test. */
async function withMoto(work: (clients: Clients) => Promise<void>): Promise<void> {
  const port = await freePort()
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore', detached: true })
  const ended = once(server, 'exit')
  try {
    const endpoint = `http://127.0.0.1:${port}`
    const { signal } = new AbortController()
    const answers = async () => ((await fetch(`${endpoint}/moto-api/`).catch(() => undefined))?.ok ? true : undefined)
    assert.ok(await until(answers, { within: 30, signal }), 'moto answers')
    await work(new Clients({ region: 'eu-west-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }))
  } finally {
    // What is on the PATH may be a wrapper that starts the server as its child.
    process.kill(-server.pid!, 'SIGKILL')
    await ended
  }
}

/** Provisions a stage, looks at it, destroys it. */
async function throughItsLife(clients: Clients): Promise<void> {
  const config = configOf()
  const options = { clients, id: config, signal: new AbortController().signal, tell: () => undefined }
  const provisioned = await withLease({ ...options, verb: 'provision' }, async (lease, owner) => {
    const [situation, recipes] = [await lookAt(clients, config), recipesOf(config)]
    const plan = planDeploy(config, recipes, situation)
    return await provision({ ...options, config, situation, recipes, plan, owner, lease })
  })
  const status = await statusOf(clients, config)
  assert.equal([status.release, status.address, status.machine?.state], [1, provisioned.address, 'running'])
  assert.is(status.lockedBy, undefined)
  assert.equal(
    (await history(clients, config)).map(({ outcome }) => outcome),
    ['provisioned'],
  )
  const receipt = await withLease({ ...options, verb: 'destroy' }, (lease) => destroy(clients, config, lease, options.signal, options.tell))
  assert.equal([receipt.failure, receipt.left], [undefined, []])
  assert.is(receipt.removed.length, 11)
  rmSync(config.folder, { recursive: true })
}

test('a stage is provisioned, seen and destroyed on moto', async () => {
  if (programOnPath('moto_server')) await withMoto(throughItsLife)
  else console.log('moto_server is not on the PATH, so nothing was tested on moto. To get it: pip install "moto[server]"')
})

test.run()
