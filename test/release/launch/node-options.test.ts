import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeOptions } from '../../../src/release/launch/node-options.ts'

test('three eighths of a container are for JavaScript, and of that little for what is young', () => {
  assert.is(nodeOptions(256), '--max-old-space-size=96 --max-semi-space-size=4')
  assert.is(nodeOptions(32), '--max-old-space-size=12 --max-semi-space-size=1')
  assert.is(nodeOptions(4096), '--max-old-space-size=1536 --max-semi-space-size=16')
})

test('Node takes them from its environment', () => {
  const { status, stdout } = spawnSync(process.execPath, ['-p', "require('node:v8').getHeapStatistics().heap_size_limit / 2 ** 20"], {
    env: { NODE_OPTIONS: nodeOptions(256) },
    encoding: 'utf8',
  })
  assert.is(status, 0)
  assert.ok(Number(stdout) >= 96 && Number(stdout) < 150, stdout)
})

test.run()
