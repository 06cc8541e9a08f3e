import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { retry, until } from '../../src/aws/retry.ts'
import { errorOf } from '../support/cloud.ts'

const { signal } = new AbortController()

test('work that succeeds is done once and waits for nothing', async () => {
  let waits = 0
  assert.is(
    await retry(
      async () => 'done',
      () => true,
      { within: 9, signal, waiting: () => waits++ },
    ),
    'done',
  )
  assert.is(waits, 0)
})

test('work is repeated for an error that may pass, and who waits hears of it', async () => {
  const errors = [new Error('first'), new Error('second')]
  const heard: string[] = []
  const result = await retry(
    async () => {
      const error = errors.shift()
      if (error) throw error
      return 'done'
    },
    () => true,
    { within: 9, signal, waiting: (seconds, error) => heard.push(`${seconds >= 0} ${(error as Error).message}`) },
  )
  assert.is(result, 'done')
  assert.equal(heard, ['true first', 'true second'])
})

test('an error that will not pass is thrown at once', async () => {
  let tries = 0
  const work = async () => {
    tries++
    throw new Error('never')
  }
  assert.is((await errorOf(retry(work, () => false, { within: 9, signal }))).message, 'never')
  assert.is(tries, 1)
})

test('when the time is over the last error is thrown, without a further pause', async () => {
  let tries = 0
  const work = async () => {
    throw new Error(`try ${++tries}`)
  }
  const start = performance.now()
  assert.is((await errorOf(retry(work, () => true, { within: 0.3, signal }))).message, 'try 2')
  assert.ok(performance.now() - start < 400)
})

test('an abort ends a pause, and nothing begins after it', async () => {
  const aborter = new AbortController()
  let tries = 0
  const work = async () => {
    tries++
    throw new Error('not yet')
  }
  const patience = { within: 9, signal: aborter.signal, waiting: () => aborter.abort(new Error('stop')) }
  assert.is((await errorOf(retry(work, () => true, patience))).name, 'AbortError')
  assert.is((await errorOf(retry(work, () => true, patience))).message, 'stop')
  assert.is((await errorOf(until(async () => assert.unreachable(), patience))).message, 'stop')
  assert.is(tries, 1)
})

test('until asks until there is an answer, which may be false or empty', async () => {
  const answers = [undefined, undefined, false]
  const waited: number[] = []
  assert.is(await until(async () => answers.shift(), { within: 9, signal, waiting: (seconds) => waited.push(seconds) }), false)
  assert.is(waited.length, 2)
  assert.ok(waited[1]! >= 0.19, `the first pause took ${waited[1]} s`)
})

test('until gives up with undefined', async () => {
  assert.is(await until(async () => undefined, { within: 0.1, signal }), undefined)
})

test.run()
