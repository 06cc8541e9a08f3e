import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { until } from '../../src/aws/retry.ts'
import { programOnPath } from '../../src/image/base/program.ts'
import { freePort } from './cloud.ts'

/**
 * Runs `work` with the clients of a moto server of its own, somebody else's AWS. Where `moto_server` is not on this
 * machine, one line says so.
 * @param managedPolicies whether it has the policies that AWS manages
 */
export async function withMoto(work: (clients: Clients) => Promise<void>, { managedPolicies = false } = {}): Promise<void> {
  if (!programOnPath('moto_server')) {
    console.log('moto_server is not on the PATH, so nothing was tested on moto. To get it: pip install "moto[server]"')
    return
  }
  const port = await freePort()
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: String(managedPolicies) },
    stdio: 'ignore',
    detached: true,
  })
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
