import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hasTags, tagFilters, tagList, tagsOf, withTags } from '../../src/aws/tags.ts'

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

test('tags of the user go beside those of a call wherever it takes some, and nowhere else', () => {
  const more = { team: 'search' }
  const own = [{ Key: 'mlops:app', Value: 'shop' }]
  const all = [...own, { Key: 'team', Value: 'search' }]
  const specified = {
    TagSpecifications: [
      { ResourceType: 'vpc', Tags: own },
      { ResourceType: 'subnet', Tags: own },
    ],
  }
  assert.equal(withTags({ CidrBlock: '10.0.0.0/16', ...specified }, more), {
    CidrBlock: '10.0.0.0/16',
    TagSpecifications: [
      { ResourceType: 'vpc', Tags: all },
      { ResourceType: 'subnet', Tags: all },
    ],
  })
  assert.equal(withTags({ RoleName: 'shop', Tags: own }, more), { RoleName: 'shop', Tags: all })
  assert.equal(withTags({ repositoryName: 'shop', tags: own }, more), { repositoryName: 'shop', tags: all })
  assert.equal(withTags({ Name: '/shop', Overwrite: true }, more), { Name: '/shop', Overwrite: true })
  assert.equal(withTags({ Tags: own }, {}), { Tags: own })
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
