import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../../src/aws/clients.ts'
import { Inventory, type Kind, type Listed } from '../../../src/aws/graph/inventory.ts'
import { Failure } from '../../../src/report/failure.ts'
import { errorOf } from '../../support/cloud.ts'

const owner = { tags: { app: 'shop' }, name: 'shop-prod', path: 'shop/prod' }

/** An inventory over things that may change, and how often it listed them. */
function stocked(...things: Listed<string>[]) {
  const seen = { lists: 0, things }
  const kind: Kind<string> = {
    name: 'vpc',
    async list(_, asked) {
      assert.is(asked, owner)
      seen.lists++
      return seen.things
    },
  }
  return { seen, kind, inventory: new Inventory(new Clients({ region: 'nowhere' }), owner) }
}

test('a kind is listed once, however many ask at the same time, until it is to be forgotten', async () => {
  const { seen, kind, inventory } = stocked({ id: 'vpc-1', tags: { app: 'shop', n: '1' }, out: 'one' })
  assert.equal(await Promise.all([inventory.one(kind, { n: '1' }), inventory.one(kind, { n: '2' })]), ['one', undefined])
  assert.is((await inventory.all(kind)).length, 1)
  assert.is(seen.lists, 1)
  seen.things = []
  inventory.forget()
  assert.is(await inventory.one(kind, { n: '1' }), undefined)
  assert.is(seen.lists, 2)
})

test('two matches for one thing are a failure that names both and the tags', async () => {
  const tags = { app: 'shop', resource: 'vpc' }
  const { kind, inventory } = stocked(
    { id: 'vpc-1', tags, out: 'one' },
    { id: 'vpc-2', tags, out: 'two' },
    { id: 'vpc-3', tags: { resource: 'vpc' }, out: 'three' },
  )
  const failure = (await errorOf(inventory.one(kind, tags))) as Failure
  assert.instance(failure, Failure)
  assert.is(failure.message, 'Found 2 resources where one was expected')
  assert.is(failure.details.on, 'vpc vpc-1, vpc-2')
  assert.is(failure.details.likely, 'All of them carry the tags app=shop resource=vpc. One was made by hand or by a copy of this project.')
})

test('what belongs to others is counted and never taken for the own', async () => {
  const { seen, kind, inventory } = stocked(
    { id: 'vpc-1', tags: { app: 'shop' }, out: 'ours' },
    { id: 'vpc-2', tags: { app: 'other' }, out: 'theirs' },
  )
  assert.equal(
    (await inventory.all(kind)).map(({ out }) => out),
    ['ours'],
  )
  assert.is((await inventory.everything(kind)).length, 2)
  assert.is(seen.lists, 1)
})

test('what stands in something is looked for only where there is such a thing', async () => {
  const { seen, kind, inventory } = stocked()
  const asked: string[] = []
  const inside: Kind<string> = {
    name: 'subnet',
    within: kind,
    list: async () => {
      asked.push('subnet')
      return [{ id: 'subnet-1', tags: owner.tags, out: 'inside' }]
    },
  }
  assert.equal([await inventory.all(inside), asked], [[], []])
  seen.things = [{ id: 'vpc-1', tags: owner.tags, out: 'one' }]
  inventory.forget()
  assert.equal([(await inventory.all(inside)).length, asked], [1, ['subnet']])
})

test('could not look is not an empty list', async () => {
  const { inventory } = stocked()
  const kind: Kind<string> = { name: 'vpc', list: () => Promise.reject(new Error('no way')) }
  assert.is((await errorOf(inventory.one(kind, {}))).message, 'no way')
})

test.run()
