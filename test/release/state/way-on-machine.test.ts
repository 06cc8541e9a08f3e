import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runSmoke } from '../../../services/kit/smoke.ts'
import type { Way } from '../../../services/kit/smoke-way.ts'
import { createTrial } from '../../../services/kit/trial.fixture.ts'
import { readOutcomes, smokeScript } from '../../../src/release/state/way-on-machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'way-'))
test.after(() => rmSync(folder, { recursive: true }))
const token = 'a-token-of-this-test-0123456789'
mkdirSync(join(folder, 'volume'))
writeFileSync(join(folder, 'volume/service-token'), token)
// Stands in for the engine, which is asked for nothing but where the volume lies.
writeFileSync(join(folder, 'docker'), `#!/bin/sh\necho "$@" >>"${folder}/calls"\necho "${folder}/volume"\n`, { mode: 0o755 })

/** The way as a machine goes it: by the real script, with the real curl. */
function way(port: number, withToken: boolean): Way {
  return {
    ownNetwork: true,
    async ask(requests) {
      const script = smokeScript('127.0.0.1', { name: 'trial', port, token: withToken ? 'service-token' : undefined }, requests)
      assert.not.match(script, token)
      const child = spawn('sh', ['-c', script], { env: { PATH: `${folder}:${process.env.PATH}`, TMPDIR: folder } })
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
      assert.is(err, '')
      return readOutcomes(out, requests.length)
    },
  }
}

const checks = [
  { name: 'it shows an item', path: '/items/7?colour=r%20d', expect: { status: 200 } },
  { name: 'it echoes', method: 'POST', path: '/echo', body: { text: `it's "ü" $HOME \\n` }, expect: { status: 200 } },
  { name: 'it refuses a broken text', method: 'POST', path: '/echo', body: '{"', expect: { status: 400 } },
  { name: 'it goes on from an answer', path: () => '/items/8', expect: { status: 200 } },
] as const

test('all checks of a service on the kit pass on its machine, guarded or not, and nothing is left behind', async () => {
  for (const access of [
    { guarded: 'nothing', token: undefined },
    { guarded: 'metrics', token: undefined },
    { guarded: 'everything', token },
  ] as const) {
    const { port, close } = await createTrial({ name: 'trial', access: { ...access, rateLimit: undefined, trusted: [] } }).listen({
      host: '127.0.0.1',
      port: 0,
    })
    const results = await runSmoke({ address: way(port, access.token !== undefined), service: 'trial', checks, access })
    await close()
    assert.equal(
      results.filter(({ ok }) => !ok),
      [],
      access.guarded,
    )
    assert.ok(results.length > checks.length)
  }
  assert.equal(readFileSync(join(folder, 'calls'), 'utf8').split('\n')[0], 'volume inspect -f {{.Mountpoint}} secrets-trial')
})

test('what does not answer is told in the words of curl, and what was cut off is no answer', async () => {
  const [result] = await runSmoke({
    address: way(1, false),
    service: 'trial',
    checks: [],
    access: { guarded: 'nothing', token: undefined },
  })
  assert.is(result!.ok, false)
  assert.match(result!.got, /^curl: \(7\) /)
  const [, cut] = readOutcomes('200 0.1 text/plain\n\nH4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==\n200 0.1 text/plain\n\nH4sI', 2)
  assert.is((cut!.answer as Error).message, 'its answer was cut off')
})

test.run()
