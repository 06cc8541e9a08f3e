import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Diagnostics, pathText } from '../../config/diagnostics.ts'
import { exit, Failure } from '../../src/report/failure.ts'

const lines: Record<string, number> = { 'services.ml-inference.port': 12, 'instance.tpye': 9 }
const diagnostics = () => new Diagnostics('mlops.config.ts', (path) => lines[path.join('.')])

test('problems are shown in the order of the file, two lines each, with their number at the end', () => {
  const found = diagnostics()
  found.value(['services', 'ml-inference', 'port'], 80000, 'a port from 1 to 65535')
  found.key(['instance', 'tpye'], ['type', 'diskGiB'])
  try {
    found.throwIfAny()
    assert.unreachable()
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, exit.usage)
    assert.is(
      (error as Failure).message,
      `mlops.config.ts:9   instance.tpye
  unknown key. Did you mean "type"?
mlops.config.ts:12  services.ml-inference.port
  got 80000, expected a port from 1 to 65535
2 problems in mlops.config.ts. Nothing was changed in AWS.`,
    )
  }
})

test('problems are values', () => {
  const found = diagnostics()
  found.value(['instance', 'tpye'], 'x', 'y')
  found.key(['instance', 'tpye'], ['type', 'diskGiB'])
  const place = { file: 'mlops.config.ts', line: 9, path: ['instance', 'tpye'] }
  assert.equal(found.problems, [
    { ...place, got: '"x"', expected: 'y' },
    { ...place, got: 'an unknown key', expected: 'one of type, diskGiB', suggestion: 'type' },
  ])
})

test('without a problem nothing is thrown', () => {
  diagnostics().throwIfAny()
})

test('a problem without a line is shown with the file alone', () => {
  const found = diagnostics()
  found.value(['app'], 1, 'a name')
  assert.throws(() => found.throwIfAny(), 'mlops.config.ts  app\n  got 1, expected a name\n1 problem in')
  assert.is(found.place(['app']), 'mlops.config.ts')
  assert.is(found.place(['instance', 'tpye']), 'mlops.config.ts:9')
})

test('long values are cut, and every kind of value can be shown', () => {
  const found = diagnostics()
  for (const value of ['x'.repeat(80), [1, 'a'], { a: 1 }, null, undefined, true, 1n, Symbol('s'), () => 1, Number.NaN])
    found.value([], value, '')
  assert.equal(
    found.problems.map(({ got }) => got),
    [`"${'x'.repeat(56)}...`, '[1,"a"]', '{"a":1}', 'null', 'nothing', 'true', '1', 'Symbol(s)', 'a function', 'NaN'],
  )
})

test('paths are written as in TypeScript', () => {
  assert.is(pathText(['services', 'ml-inference', 'needs', 0]), 'services.ml-inference.needs[0]')
  assert.is(pathText([]), '(the whole config)')
})

test.run()
