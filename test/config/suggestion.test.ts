import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { editDistance, suggest } from '../../config/suggestion.ts'

test('a misspelt name suggests the nearest known one', () => {
  assert.is(suggest('tpye', ['type', 'diskGiB']), 'type')
  assert.is(suggest('heatlh', ['port', 'health', 'entry']), 'health')
  assert.is(suggest('monitring', ['services', 'monitoring']), 'monitoring')
})

test('the nearest of several near names wins', () => {
  assert.is(suggest('stag', ['stages', 'stage']), 'stage')
})

test('case does not count as an edit', () => {
  assert.is(suggest('PORT', ['port']), 'port')
})

test('a name more than three edits away is no suggestion', () => {
  assert.is(suggest('completely', ['services', 'region']), undefined)
})

test('a short name must share a third of its letters', () => {
  assert.is(suggest('ab', ['xy']), undefined)
  assert.is(suggest('app', ['xyz']), undefined)
})

test('no known names, no suggestion', () => {
  assert.is(suggest('x', []), undefined)
})

test('the distance counts insertions, deletions, substitutions and swaps of neighbours as one each', () => {
  assert.is(editDistance('', 'abc'), 3)
  assert.is(editDistance('abc', 'abc'), 0)
  assert.is(editDistance('abc', 'acb'), 1)
  assert.is(editDistance('abc', 'abxc'), 1)
  assert.is(editDistance('abc', 'axc'), 1)
})

test.run()
