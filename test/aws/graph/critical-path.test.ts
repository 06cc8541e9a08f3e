import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { criticalPath } from '../../../src/aws/graph/critical-path.ts'

test('the critical path is the chain of resources that took longest', () => {
  const timing = (name: string, seconds: number, ...after: string[]) => ({ name, start: 0, seconds, after })
  const timings = [
    timing('vpc', 1),
    timing('role', 2.5),
    timing('subnet', 1, 'vpc'),
    timing('group', 2, 'vpc'),
    timing('instance', 5, 'subnet', 'group', 'role'),
  ]
  assert.equal(
    criticalPath(timings).map(({ name }) => name),
    ['vpc', 'group', 'instance'],
  )
  assert.equal(criticalPath([]), [])
})

test.run()
