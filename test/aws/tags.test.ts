import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hasTags, tagFilters, tagList, tagsOf } from '../../src/aws/tags.ts'

const tags = { 'mlops:app': 'shop', Name: 'shop vpc' }

test('tags take the shape that creates want, and come back from it', () => {
  const list = [
    { Key: 'mlops:app', Value: 'shop' },
    { Key: 'Name', Value: 'shop vpc' },
  ]
  assert.equal(tagList(tags), list)
  assert.equal(tagsOf({ Tags: list }), tags)
  assert.equal(tagsOf({ Tags: [{}] }), { '': '' })
  assert.equal(tagsOf({}), {})
})

test('filters ask for every tag', () => {
  assert.equal(tagFilters(tags), [
    { Name: 'tag:mlops:app', Values: ['shop'] },
    { Name: 'tag:Name', Values: ['shop vpc'] },
  ])
})

test('a resource carries tags when it has all of them, whatever else it has', () => {
  assert.ok(hasTags(tags, { 'mlops:app': 'shop' }))
  assert.ok(hasTags(tags, {}))
  assert.not.ok(hasTags(tags, { 'mlops:app': 'other' }))
  assert.not.ok(hasTags({}, tags))
})

test.run()
