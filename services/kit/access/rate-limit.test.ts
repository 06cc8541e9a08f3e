import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createRateLimiter, mostClients } from './rate-limit.ts'

test('a client may ask as often as its burst says, and then as often as its rate says', () => {
  let time = 0
  const { take } = createRateLimiter({ perSecond: 10, burst: 3 }, () => time)
  assert.equal([take('a'), take('a'), take('a')], [0, 0, 0])
  assert.is(take('a'), 100)
  time = 99
  assert.is(take('a'), 1)
  time = 100
  assert.is(take('a'), 0)
  assert.is(take('a'), 100)
  time = 10_000
  assert.equal([take('a'), take('a'), take('a'), take('a')], [0, 0, 0, 100])
})

test('over a long time a client gets what its rate says, however often it tries', () => {
  let time = 0
  const { take } = createRateLimiter({ perSecond: 7, burst: 5 }, () => time)
  let taken = 0
  for (; time < 100_000; time += 3) if (take('a') === 0) taken++
  assert.ok(taken >= 700 && taken <= 706, `${taken}`)
})

test('one client is not limited by another', () => {
  const { take } = createRateLimiter({ perSecond: 1, burst: 1 }, () => 0)
  assert.is(take('a'), 0)
  assert.is(take('a'), 1000)
  assert.is(take('b'), 0)
})

test('who has not asked for long is forgotten', () => {
  let time = 0
  const limiter = createRateLimiter({ perSecond: 1, burst: 5 }, () => time)
  for (let number = 0; number < 1000; number++) limiter.take(`client ${number}`)
  assert.is(limiter.clients, 1000)
  for (time = 5000; time <= 10_000; time += 5000) limiter.take('another')
  assert.ok(limiter.clients <= 2)
})

test('nobody is forgotten before his bucket is full, however the time of others goes', () => {
  let time = 0
  const limiter = createRateLimiter({ perSecond: 1, burst: 5 }, () => time)
  for (time = 0; time < 4900; time += 100) limiter.take('another')
  for (let number = 0; number < 5; number++) assert.is(limiter.take('a'), 0)
  for (time = 5000; time < 5800; time += 100) {
    limiter.take('another')
    assert.ok(limiter.take('a') > 0)
  }
})

test('of millions of clients only the latest are remembered, and each costs as little as the first', () => {
  const limiter = createRateLimiter({ perSecond: 0.01, burst: 1 }, () => 0)
  const client = (number: number) => `2001:db8:${number >> 16}:${number & 0xffff}::/64`
  const began = performance.now()
  for (let number = 0; number < 1_000_000; number++) {
    limiter.take(client(number))
    if (limiter.clients > mostClients) assert.unreachable()
  }
  // 0.4 s where it was measured; 20 s where the oldest are looked for one by one.
  assert.ok(performance.now() - began < 8000)
  assert.is(limiter.take(client(999_999)), 100_000)
  assert.is(limiter.take(client(999_999 - mostClients / 2 + 1)), 100_000)
  assert.is(limiter.take(client(0)), 0)
})

test.run()
