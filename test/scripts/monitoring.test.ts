import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { writeFiles } from '../../monitoring/index.ts'
import { has, inFolder, output } from '../support/promtool.ts'

const script = (...args: string[]) =>
  spawnSync(process.execPath, ['node_modules/zx/build/cli.js', 'scripts/monitoring.mjs', ...args], { encoding: 'utf8' })

test('the script writes everything into a folder that the servers could be started with', async () => {
  await inFolder(async (folder) => {
    const { status, stdout, stderr } = script('--out', join(folder, 'out'), '--address', '10.0.0.7', '--json')
    assert.is(status, 0, stderr)
    const { ok, files } = JSON.parse(stdout) as { ok: boolean; files: string[] }
    assert.ok(ok && files.length > 0 && files.every((file) => existsSync(file)))
    for (const file of ['prometheus/prometheus.yml', 'alertmanager/alertmanager.yml', 'grafana/provisioning/dashboards/overview.json'])
      assert.ok(files.includes(join(folder, 'out', file)), file)
    // The folder stands in place of /etc, and whoever starts the servers puts the stage's token into /run beside it.
    writeFiles(folder, { 'run/secrets/service-token': 'a-token-of-this-test' })
    if (has('promtool')) await output('promtool', ['check', 'config', join(folder, 'out/prometheus/prometheus.yml')])
    if (has('amtool')) await output('amtool', ['check-config', join(folder, 'out/alertmanager/alertmanager.yml')])
  })
})

test('without a folder it says so and writes nothing', () => {
  const { status, stderr } = script()
  assert.is(status, 2)
  assert.match(stderr, '--out is missing')
})

test.run()
