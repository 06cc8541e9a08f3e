import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../config/config.ts'
import { fingerprintOf } from '../../src/release/fingerprint.ts'
import type { Recipes } from '../../src/release/images.ts'
import { type Plan, planDeploy } from '../../src/release/plan.ts'
import type { Room } from '../../src/release/room.ts'
import type { Situation } from '../../src/release/situation.ts'
import { configOf } from './config.fixture.ts'

const config = configOf({
  services: {
    web: { entry: './services/web/server.ts', port: 8001, expose: 'public' },
    store: { entry: './services/web/server.ts', port: 8002 },
    admin: { entry: './services/web/server.ts', port: 8003, expose: ['192.0.2.0/24', '198.51.100.7/32'] },
  },
})
test.after(() => rmSync(config.folder, { recursive: true }))

const recipesNamed = (...names: string[]): Recipes => ({
  recipes: names.map((name) => ({ name, build: () => Promise.reject(new Error('planning builds nothing')) })),
  wantedSecrets: [],
  ownSecrets: [],
  missing: ['grafana is not on this machine (apt-get install grafana)'],
})
const recipes = recipesNamed('web', 'store', 'admin', 'secrets')

const plenty: Room = {
  region: 'us-east-1',
  command: (words) => `aws ${words}`,
  vpcs: { ids: [], releases: [], quota: 5 },
  addresses: { ids: [], releases: [], quota: 5 },
}

/** A situation in which nothing exists but what is given. */
function situation(also: Partial<Situation> = {}): Situation {
  const nothing = {
    releases: [],
    instances: [],
    repository: undefined,
    next: 1,
    serving: undefined,
    elasticIp: undefined,
    role: undefined,
    profile: undefined,
  }
  return { ...nothing, current: undefined, ...also } as unknown as Situation
}

/** A situation in which release 4 serves these images, and releases 3 and 5 were left over. */
function serving(images: Record<string, string>, of: Config = config): Situation {
  return situation({
    releases: [3, 4, 5],
    serving: { release: 4, instance: { id: 'i-4', state: 'running', privateIp: '10.0.0.4', publicIp: '192.0.2.4' } },
    elasticIp: { id: 'eip-1', address: '192.0.2.1', instanceId: 'i-4', associationId: 'assoc-1' },
    role: { name: 'shop-test', arn: 'arn:role' },
    profile: { name: 'shop-test', arn: 'arn:profile', roles: [] },
    repository: { name: 'shop/test/images', uri: '' },
    current: { release: 4, outcome: 'serving', at: '', by: '', images, missing: [], seconds: {}, fingerprint: fingerprintOf(of, images) },
    next: 6,
  })
}

const lines = ({ steps }: Plan) => steps.map(({ glyph, what, detail }) => `${glyph.padStart(3)} ${what}: ${detail}`)

test('the first deploy makes everything and interrupts nothing', () => {
  const plan = planDeploy(config, recipes, situation(), plenty)
  assert.equal(lines(plan), [
    '  + elastic ip: ',
    '  + role: ',
    '  + instance profile: ',
    '  + repository: ',
    '  + stack: release 1: vpc, subnet, internet gateway, route table, security group, t3.micro with 20 GiB',
    '  + container web: port 8001, open to the world',
    '  + container store: port 8002, not open',
    '  + container admin: port 8003, open to 192.0.2.0/24, 198.51.100.7/32',
    '  + container secrets: brings the secrets into memory',
  ])
  assert.equal([plan.release, plan.replaces, plan.leftovers, plan.changes], [1, undefined, [], undefined])
  assert.equal(plan.missing, recipes.missing)
  assert.is(plan.interrupts, 'Nothing serves now, so nothing is interrupted.')
})

test('a further deploy keeps what outlives releases, replaces the stack and removes what was left over', () => {
  const plan = planDeploy(config, recipes, serving({}), plenty)
  assert.equal(lines(plan), [
    '    elastic ip: 192.0.2.1',
    '    role: shop-test',
    '    instance profile: shop-test',
    '    repository: shop/test/images',
    '-/+ stack: release 6: vpc, subnet, internet gateway, route table, security group, t3.micro with 20 GiB',
    '-/+ container web: port 8001, open to the world',
    '-/+ container store: port 8002, not open',
    '-/+ container admin: port 8003, open to 192.0.2.0/24, 198.51.100.7/32',
    '-/+ container secrets: brings the secrets into memory',
    '  - stack: release 3: left over by a run that did not end',
    '  - stack: release 5: left over by a run that did not end',
  ])
  assert.equal([plan.replaces, plan.leftovers], [4, [3, 5]])
  assert.is(plan.interrupts, 'Release 4 serves until the new one is verified; then the address moves in one call.')
  const recreate = planDeploy({ ...config, strategy: 'recreate' }, recipes, serving({}), plenty)
  assert.is(recreate.interrupts, 'Release 4 is removed first: nothing serves until the new one is up.')
})

const [a, b, c] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string, string]

test('built images are compared with those that serve', () => {
  const built = new Map([
    ['web', { digest: a, missingBytes: 0 }],
    ['store', { digest: b, missingBytes: 2_100_000 }],
    ['admin', { digest: c, missingBytes: 0 }],
  ])
  const plan = planDeploy(config, recipes, serving({ web: a, store: c }), plenty, built)
  assert.equal(
    lines(plan).filter((line) => line.includes(' image ')),
    [
      '    image web: aaaaaaaaaaaa, unchanged',
      '  ~ image store: bbbbbbbbbbbb, 2.1 MB to upload',
      '  + image admin: cccccccccccc, nothing to upload',
    ],
  )
  assert.is(plan.changes, true)
})

test('a deploy of exactly what serves changes nothing; of another config, image or with leftovers it does', () => {
  const built = new Map([['web', { digest: a, missingBytes: 0 }]])
  const clean = { ...serving({ web: a }), releases: [4] }
  const only = recipesNamed('web')
  assert.is(planDeploy(config, only, clean, plenty, built).changes, false)
  assert.is(planDeploy(config, only, { ...clean, releases: [4, 5] }, plenty, built).changes, true)
  assert.is(planDeploy({ ...config, protect: true }, only, clean, plenty, built).changes, true)
  assert.is(planDeploy(config, only, clean, plenty, new Map([['web', { digest: b, missingBytes: 0 }]])).changes, true)
  assert.is(planDeploy(config, only, { ...clean, serving: undefined }, plenty, built).changes, true)
  assert.is(planDeploy(config, only, situation(), plenty, built).changes, true)
})

test('a fingerprint does not depend on where the project lies, nor on the order of images', () => {
  const elsewhere = configOf()
  const here = configOf()
  assert.is(fingerprintOf(here, { x: a, y: b }), fingerprintOf(elsewhere, { y: b, x: a }))
  assert.is.not(fingerprintOf(here, { x: a }), fingerprintOf(here, { x: b }))
  for (const { folder } of [elsewhere, here]) rmSync(folder, { recursive: true })
})

test.run()
