import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Progress } from '../../../src/terminal/progress/progress.ts'

test('a step that nobody announced opens its phase, and its time is measured where none is told', () => {
  const progress = new Progress()
  progress.apply({ phase: 'build', step: 'a', state: 'progress', detail: 'half' }, 1000)
  progress.apply({ phase: 'build', step: 'a', state: 'done' }, 3500)
  assert.equal(progress.phases, [
    {
      name: 'build',
      state: 'started',
      detail: '',
      began: 1000,
      steps: [{ name: 'a', state: 'done', detail: '', began: 1000, seconds: 2.5 }],
    },
  ])
})

test('a step that starts again runs again', () => {
  const progress = new Progress()
  progress.apply({ phase: 'build', step: 'a', state: 'failed', seconds: 1 }, 0)
  progress.apply({ phase: 'build', step: 'a', state: 'started' }, 1)
  assert.is(progress.phases[0]!.steps[0]!.seconds, undefined)
})

test('what comes late for a phase that has ended is dropped, except a failure', () => {
  const progress = new Progress()
  assert.is(progress.apply({ phase: 'build', state: 'started' }, 0), undefined)
  assert.is(progress.apply({ phase: 'build', state: 'done' }, 1)?.name, 'build')
  assert.is(progress.apply({ phase: 'build', step: 'a', state: 'done' }, 2), undefined)
  assert.equal(progress.phases, [])
  const late = progress.apply({ phase: 'build', step: 'b', state: 'failed', detail: 'too late' }, 3)
  assert.equal(
    late?.steps.map((step) => [step.name, step.state, step.detail]),
    [['b', 'failed', 'too late']],
  )
  assert.equal(progress.phases, [])
})

test('a phase may begin again', () => {
  const progress = new Progress()
  progress.apply({ phase: 'verify', state: 'failed' }, 0)
  progress.apply({ phase: 'verify', state: 'started' }, 1)
  assert.is(progress.phases.length, 1)
})

test.run()
