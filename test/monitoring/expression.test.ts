import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { anyOf, metricsIn, quoted, syntaxProblem, withoutVariables } from '../../monitoring/expression.ts'

test('an expression that parses has no problem', () => {
  assert.is(syntaxProblem('sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) / on (job) up > 0.5'), undefined)
})

test('the first mistake of an expression is found, with what stands there', () => {
  assert.equal(syntaxProblem('rate(up[5m]'), { at: 11, near: 'its end' })
  assert.equal(syntaxProblem('up down'), { at: 3, near: 'down' })
})

test('the metrics of an expression are found, and labels and functions are none', () => {
  assert.equal(metricsIn('sum by (job) (rate(a_total{b="c"}[5m])) or job:d:rate5m / a_total'), ['a_total', 'job:d:rate5m'])
  assert.equal(metricsIn('vector(1)'), [])
})

test("a dashboard's variables are filled in, with what matches everything where nothing is said", () => {
  const query = `rate(a{job=~"$job", instance=~"$${'{instance:regex}'}"}[$__rate_interval])`
  assert.is(withoutVariables(query, { job: 'x|y' }), 'rate(a{job=~"x|y", instance=~".+"}[1m])')
  assert.is(withoutVariables(query, { job: 'x', instance: 'z', __rate_interval: '5m' }), 'rate(a{job=~"x", instance=~"z"}[5m])')
})

test('names and patterns keep their meaning within quotes', () => {
  assert.is(quoted(anyOf(['/a.b', 'c+d'])), String.raw`"/a\\.b|c\\+d"`)
  assert.is(quoted('say "hi"'), String.raw`"say \"hi\""`)
})

test.run()
