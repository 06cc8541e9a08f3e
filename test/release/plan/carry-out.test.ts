import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type CarryOutOptions, carryOut } from '../../../src/release/plan/carry-out.ts'
import { type AnyOperation, type Operation, operation } from '../../../src/release/plan/operation.ts'
import { phaseTimes } from '../../../src/release/plan/phase-progress.ts'
import type { Event } from '../../../src/report/event.ts'

/** An operation that writes into a list that it ran, and that it was undone. */
function step<Out>(title: string, spec: Partial<Operation<Out>> & Pick<Operation<Out>, 'run'>): Operation<Out> {
  return { phase: 'create', title, lines: [], ...spec }
}

function options(also: Partial<CarryOutOptions> = {}): CarryOutOptions & { events: Event[] } {
  const events: Event[] = []
  const never = new AbortController().signal
  return { events, emit: (event) => events.push(event), signal: never, undoSignal: never, ...also }
}

const lines = (events: readonly Event[]) =>
  events.map(({ phase, step, state, detail }) => [phase, step, state, detail].filter(Boolean).join(' '))
const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value))

test('an operation begins when those it needs are done, gets their results, and siblings run side by side', async () => {
  const order: string[] = []
  const begins = (title: string, out: string) => () => {
    order.push(`${title} begins`)
    return later(out)
  }
  const network = step('network', { run: begins('network', 'net-1'), label: (id) => id })
  const role = step('role', { run: begins('role', 'role-1') })
  const machine = operation({
    phase: 'launch',
    title: 'machine',
    lines: [],
    needs: { network, role },
    run: async ({ network, role }) => `machine in ${network} with ${role}`,
  })
  const how = options()
  const carried = await carryOut([machine, network, role], how)
  assert.ok(carried.ok)
  assert.is(carried.resultOf(machine), 'machine in net-1 with role-1')
  assert.equal(order, ['network begins', 'role begins'])
  assert.equal(lines(how.events), [
    'create started',
    'create network started',
    'create role started',
    'create network done net-1',
    'create role done',
    'create done',
    'launch started',
    'launch machine started',
    'launch machine done',
    'launch done',
  ])
  assert.equal(
    carried.timings.map(({ name, after }) => [name, ...after]),
    [['network'], ['role'], ['machine', 'network', 'role']],
  )
})

test('what an operation needs only in the end does not hold up its beginning', async () => {
  const order: string[] = []
  const repository = step('repository', {
    run: async () => {
      await later(0)
      order.push('repository')
      return 'here'
    },
  })
  const image = operation({
    phase: 'push',
    title: 'image',
    lines: [],
    meanwhile: { repository },
    run: async ({ repository }) => {
      order.push('built')
      return `pushed ${await repository}`
    },
  })
  const carried = await carryOut([repository, image], options())
  assert.ok(carried.ok && carried.resultOf(image) === 'pushed here')
  assert.equal(order, ['built', 'repository'])
})

test('after a failure nothing begins, what runs is told and waited for, and what was begun is undone, the latest first', async () => {
  const order: string[] = []
  const undo = (title: string) => async () => void order.push(`undo ${title}`)
  const address = step('address', { run: async () => 'a', undo: undo('address') })
  const slow = step('slow', {
    after: [address],
    undo: undo('slow'),
    run: (_, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () =>
          setImmediate(() => {
            order.push('slow ended')
            reject(signal.reason)
          }),
        ),
      ),
  })
  const broken = step('broken', {
    phase: 'launch',
    after: [address],
    undo: undo('broken'),
    run: () => Promise.reject(new Error('no room')),
  })
  const next = step('next', { after: [broken], run: async () => void order.push('next ran'), undo: undo('next') })
  const how = options()
  const carried = await carryOut([address, slow, broken, next], how)
  assert.ok(!carried.ok)
  assert.is((carried.error as Error).message, 'no room')
  assert.equal(order, ['slow ended', 'undo broken', 'undo slow', 'undo address'])
  assert.equal(lines(how.events).slice(-2), ['clear away started', 'clear away done'])
  assert.equal(
    lines(how.events).filter((line) => line.includes('failed')),
    ['launch broken failed no room', 'create slow failed no room', 'create failed', 'launch failed'],
  )
})

test('nothing is undone once the final operation is done, nor without leave, nor where the lease is lost', async () => {
  const undone: string[] = []
  const stack = step('stack', { run: async () => undefined, undo: async () => void undone.push('stack') })
  const promote = step('promote', { after: [stack], final: true, run: async () => undefined })
  const fail = (after: AnyOperation) => step('fail', { after: [after], run: () => Promise.reject(new Error('late')) })
  assert.not.ok((await carryOut([stack, promote, fail(promote)], options())).ok)
  assert.not.ok((await carryOut([stack, fail(stack)], options({ mayUndo: async () => false }))).ok)
  const lost = new AbortController()
  const losing = step('losing', { after: [stack], run: async () => lost.abort(new Error('the lease is lost')) })
  const carried = await carryOut([stack, losing, fail(losing)], options({ undoSignal: lost.signal }))
  assert.ok(!carried.ok && (carried.error as Error).message === 'the lease is lost')
  assert.equal(undone, [])
  await carryOut([stack, fail(stack)], options())
  assert.equal(undone, ['stack'])
})

test('what a clean-up cannot do is told beside the cause, and the rest of it is done', async () => {
  const undone: string[] = []
  const first = step('first', { run: async () => undefined, undo: async () => void undone.push('first') })
  const second = step('second', {
    after: [first],
    run: () => Promise.reject(new Error('cause')),
    undo: () => Promise.reject(new Error('denied')),
  })
  const carried = await carryOut([first, second], options())
  assert.ok(!carried.ok)
  assert.is((carried.error as Error).message, 'cause')
  assert.equal(carried.notUndone, ['denied'])
  assert.equal(undone, ['first'])
})

test('a run that goes on leaves undone only what needs the result of what failed', async () => {
  const ran: string[] = []
  const run = (title: string) => async () => void ran.push(title)
  const broken = step('broken', { run: () => Promise.reject(new Error('denied')) })
  const dependent = operation({ phase: 'create', title: 'dependent', lines: [], needs: { broken }, run: run('dependent') })
  const beside = step('beside', { run: run('beside') })
  const last = step('last', { after: [broken, dependent, beside], run: async (_, { failed }) => `last, failed: ${failed()}` })
  const carried = await carryOut([broken, dependent, beside, last], options({ goOn: true }))
  assert.ok(!carried.ok)
  assert.is((carried.error as Error).message, 'denied')
  assert.equal(ran, ['beside'])
  assert.equal([carried.resultOf(last), carried.resultOf(broken)], ['last, failed: true', undefined])
})

test('a run that is stopped begins nothing more and gives the reason', async () => {
  const stop = new AbortController()
  const ran: string[] = []
  const first = step('first', {
    run: async () => {
      ran.push('first')
      stop.abort(new Error('Ctrl-C'))
    },
  })
  const second = step('second', { after: [first], run: async () => void ran.push('second') })
  const carried = await carryOut([first, second], options({ signal: stop.signal }))
  assert.ok(!carried.ok && (carried.error as Error).message === 'Ctrl-C')
  assert.equal(ran, ['first'])
})

test('the time of a phase spans all of its operations', () => {
  const times = phaseTimes([
    { phase: 'create', start: 0, seconds: 1 },
    { phase: 'build', start: 0, seconds: 3 },
    { phase: 'create', start: 2, seconds: 0.5 },
  ])
  assert.equal(times, [
    { label: 'create', start: 0, seconds: 2.5 },
    { label: 'build', start: 0, seconds: 3 },
  ])
})

test.run()
