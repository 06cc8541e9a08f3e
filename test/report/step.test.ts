import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../src/report/event.ts'
import { step } from '../../src/report/step.ts'

/** What was told, and that every end came with its seconds. */
function listener() {
  const told: string[] = []
  const emit = ({ phase, step, state, detail, seconds }: Event) => {
    const timed = seconds === undefined ? 'untimed' : 'timed'
    told.push([phase, step, state, detail, timed].filter(Boolean).join(' '))
  }
  return { told, emit }
}

test('work tells that it starts, how far it is, and that it is done', async () => {
  const { told, emit } = listener()
  const out = await step(emit, { phase: 'push', step: 'web' }, async (progress) => {
    progress('half')
    return 42
  })
  assert.is(out, 42)
  assert.equal(told, ['push web started untimed', 'push web progress half untimed', 'push web done timed'])
})

test('what came of it decides how it ended', async () => {
  const { told, emit } = listener()
  for (const state of ['done', 'failed', 'skipped'] as const)
    await step(
      emit,
      { phase: 'verify' },
      async () => state,
      (out) => ({ state: out, detail: `it was ${out}` }),
    )
  assert.equal(
    told.filter((line) => !line.includes('started')),
    ['verify done it was done timed', 'verify failed it was failed timed', 'verify skipped it was skipped timed'],
  )
})

test('work that throws has failed with its message, and the error goes on', async () => {
  const { told, emit } = listener()
  const error = new Error('no room')
  const caught = await step(emit, { phase: 'create', step: 'vpc' }, () => Promise.reject(error)).catch((caught) => caught)
  assert.is(caught, error)
  assert.equal(told, ['create vpc started untimed', 'create vpc failed no room timed'])
})

test('no step without its phase, and no phase that nobody has declared', () => {
  // @ts-expect-error: a misspelt phase does not compile
  const event: Event = { phase: 'lanch', state: 'started' }
  assert.is(event.state, 'started')
})

test.run()
