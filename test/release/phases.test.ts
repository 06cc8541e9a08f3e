import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../src/event.ts'
import { Phases, settled, together } from '../../src/release/phases.ts'
import { errorOf } from '../aws/cloud.fixture.ts'

const { signal } = new AbortController()

test('a phase is told when it starts and how it ends, and its seconds are kept either way', async () => {
  const told: Event[] = []
  const phases = new Phases((event) => told.push(event))
  assert.is(await phases.run('look', async () => 'seen'), 'seen')
  assert.is((await errorOf(phases.run('build', () => Promise.reject(new Error('broken'))))).message, 'broken')
  assert.equal(
    told.map(({ phase, state, seconds }) => [phase, state, typeof seconds]),
    [
      ['look', 'started', 'undefined'],
      ['look', 'done', 'number'],
      ['build', 'started', 'undefined'],
      ['build', 'failed', 'number'],
    ],
  )
  assert.equal(Object.keys(phases.seconds), ['look', 'build'])
  assert.equal(
    phases.timeline.map(({ label }) => label),
    ['look', 'build'],
  )
  assert.ok(phases.timeline[1]!.start >= phases.timeline[0]!.start)
})

test('works that belong together give their results in order', async () => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return 'slow'
  }
  assert.equal(await together(signal, [slow, async () => 'quick']), ['slow', 'quick'])
})

test('when one fails the others are told, and the first error is thrown after all have ended', async () => {
  const cause = new Error('cause')
  let ended = false
  const obedient = (shared: AbortSignal) =>
    new Promise((_, reject) => {
      shared.addEventListener('abort', () => {
        setTimeout(() => {
          ended = true
          reject(shared.reason)
        }, 10)
      })
    })
  assert.is(await errorOf(together(signal, [obedient, () => Promise.reject(cause)])), cause)
  assert.ok(ended)
})

test('an abort from outside reaches every work', async () => {
  const outside = new AbortController()
  const wait = (shared: AbortSignal) => new Promise((_, reject) => shared.addEventListener('abort', () => reject(shared.reason)))
  const works = together(outside.signal, [wait, wait])
  const reason = new Error('stop')
  outside.abort(reason)
  assert.is(await errorOf(works), reason)
})

test('settled waits for the end of every work before it throws', async () => {
  let ended = false
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    ended = true
  }
  assert.is((await errorOf(settled([Promise.reject(new Error('early')), slow()]))).message, 'early')
  assert.ok(ended)
  await settled([slow()])
})

test.run()
