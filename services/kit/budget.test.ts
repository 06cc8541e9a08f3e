import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createBudget } from './budget.ts'

test('requests share the budget, and each gives back what it took and no more', () => {
  const budget = createBudget(100)
  const [one, other] = [budget.open(), budget.open()]
  one.take(60)
  other.take(20)
  assert.throws(
    () => other.take(21),
    (error: { status?: number }) => error.status === 503,
  )
  other.take(20)
  assert.is(budget.used(), 100)
  one.close()
  assert.is(budget.used(), 40)
  one.close()
  assert.is(budget.used(), 40)
})

test('what arrives for a request whose answer has ended is not counted: nobody would give it back', () => {
  const budget = createBudget(100)
  const account = budget.open()
  account.close()
  account.take(1000)
  assert.is(budget.used(), 0)
})

test.run()
