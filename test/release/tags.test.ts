import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Tags } from '../../src/aws/tags.ts'
import type { Kind, Tag } from '../../src/local/records.ts'
import { openCloud } from '../support/open-cloud.ts'
import { freePorts } from '../support/project.ts'
import { type Order, runDeploy, runDestroy } from '../support/verbs.ts'

const folder = mkdtempSync(join(tmpdir(), 'tags-'))
const [port] = await freePorts(1)
const open = await openCloud(folder, port!, 'light')
const { store } = open.cloud
test.after(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

const orderWith = (tags: Tags): Order => ({ ...open.order, access: { ...open.order.access, tags } })

const kinds = [
  'vpc',
  'subnet',
  'internetGateway',
  'securityGroup',
  'instance',
  'address',
  'role',
  'instanceProfile',
  'parameter',
  'repository',
] as const satisfies readonly Kind[]

/** The lists of tags that what there is has, by kind; an instance has three. What AWS makes with a VPC has none. */
function tagged(): [kind: string, tags: readonly Tag[]][] {
  return kinds.flatMap((kind) =>
    store.list(kind).flatMap((record): [string, readonly Tag[]][] => {
      if ('State' in record && record.State === 'terminated') return []
      if ('tags' in record) return [[kind, record.tags]]
      if ('VolumeTags' in record)
        return [
          [kind, record.Tags],
          ['volume', record.VolumeTags],
          ['interface', record.NetworkInterfaceTags],
        ]
      return record.Tags.length === 0 ? [] : [[kind, record.Tags]]
    }),
  )
}

const textOf = (tags: readonly Tag[], key: string) => tags.find(({ Key }) => Key === key)?.Value

test('what is made has the tags of the config beside those by which it is found again, also when they were changed', async () => {
  await runDeploy(orderWith({ team: 'search', 'cost:centre': '47/11' }))
  const first = tagged()
  assert.equal([...new Set(first.map(([kind]) => kind))].sort(), [...kinds, 'interface', 'volume'].sort())
  for (const [kind, tags] of first) {
    assert.equal([textOf(tags, 'team'), textOf(tags, 'cost:centre'), textOf(tags, 'mlops:app')], ['search', '47/11', 'crash'], kind)
  }
  const other = orderWith({ team: 'find' })
  assert.is((await runDeploy(other)).release, 2)
  const second = tagged()
  assert.equal(second.length, first.length, 'nothing of the stage was made again')
  for (const [kind, tags] of second) {
    const ofRelease = textOf(tags, 'mlops:release') !== undefined
    assert.is(textOf(tags, 'team'), ofRelease ? 'find' : 'search', kind)
  }
  assert.equal((await runDestroy(other)).left, [])
})

test.run()
