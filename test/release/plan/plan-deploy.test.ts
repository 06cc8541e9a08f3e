import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../../config/config.ts'
import type { ExistingNetwork } from '../../../src/aws/resources/existing-network.ts'
import { noBases } from '../../../src/release/launch/bases.ts'
import { fingerprintOf } from '../../../src/release/launch/fingerprint.ts'
import type { Recipes } from '../../../src/release/launch/images.ts'
import type { Capacity } from '../../../src/release/plan/capacity.ts'
import { prerequisites } from '../../../src/release/plan/operation.ts'
import type { PlannedImages } from '../../../src/release/plan/operations/images.ts'
import { linesOf, type Plan } from '../../../src/release/plan/plan.ts'
import * as plans from '../../../src/release/plan/plan-deploy.ts'
import type { Work } from '../../../src/release/plan/work.ts'
import type { StageState } from '../../../src/release/state/stage-state.ts'
import { configOf } from '../config.fixture.ts'

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

const plenty: Capacity = {
  region: 'us-east-1',
  command: (words) => `aws ${words}`,
  vpcs: { ids: [], used: 0, releases: new Map(), quota: 5 },
  addresses: { ids: [], used: 0, releases: new Map(), quota: 5 },
  vCpus: { used: 0, releases: new Map(), quota: 5, needed: 2 },
}

/** A state in which nothing exists but what is given. */
function state(also: Partial<StageState> = {}): StageState {
  const nothing = {
    releases: [],
    instances: [],
    network: undefined,
    withNetworks: [],
    repository: undefined,
    next: 1,
    serving: undefined,
    elasticIp: undefined,
    role: undefined,
    profile: undefined,
  }
  return { ...nothing, current: undefined, ...also } as unknown as StageState
}

const instance = {
  id: 'i-4',
  state: 'running',
  privateIp: '10.0.0.4',
  interfaceId: 'eni-4',
  secondIp: '10.0.0.5',
  publicIp: '192.0.2.4',
  imageId: 'ami-1',
  type: 't3.micro',
}

/** A state in which release 4 serves these images, and releases 3 and 5 were left over. */
function serving(images: Record<string, string>, of: Config = config): StageState {
  return state({
    releases: [3, 4, 5],
    instances: [
      { id: 'i-3', tags: { 'mlops:release': '3' }, out: { ...instance, id: 'i-3', state: 'stopped' } },
      { id: 'i-4', tags: { 'mlops:release': '4' }, out: instance },
    ],
    network: { id: 'vpc-1' },
    serving: { runs: 4, madeBy: 4, instance },
    elasticIp: { id: 'eip-1', address: '192.0.2.1', instanceId: 'i-4', associationId: 'assoc-1', privateIp: '10.0.0.5' },
    role: { name: 'shop-test', arn: 'arn:role' },
    profile: { name: 'shop-test', arn: 'arn:profile', roles: [] },
    repository: { name: 'shop/test/images', uri: '' },
    current: { release: 4, outcome: 'serving', at: '', by: '', images, missing: [], seconds: {}, fingerprint: fingerprintOf(of, images) },
    next: 6,
  })
}

/** The plan of a deploy; nothing is asked of AWS. */
function planDeploy(
  config: Config,
  recipes: Recipes,
  state: StageState,
  capacity: Capacity,
  images?: PlannedImages,
  network?: ExistingNetwork,
): Plan {
  const machine = { architecture: 'x86_64', imageId: 'ami-1', types: ['t3.micro'], facts: [], zones: [], vCpus: { 't3.micro': 2 } }
  const owner = { user: 'ann', host: 'laptop', verb: 'deploy', pid: 1 }
  const bases = noBases
  const work = {
    config,
    recipes,
    bases,
    state,
    capacity,
    machine,
    network,
    owner,
    clients: undefined,
    emit: () => undefined,
  } as unknown as Work
  return plans.planDeploy(work, images)
}

const [a, b, c] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string, string]

const lines = (plan: Plan) => linesOf(plan.operations).map(({ glyph, what, detail }) => `${glyph.padStart(3)} ${what}: ${detail}`)

const unbuilt = ['web', 'store', 'admin', 'secrets'].map((name) => `  + image ${name}: what the repository lacks of it`)
const drain = '  ~ drain: release 4: up to 20 s for what is in flight'
/** What a plan says that replaces this release. */
const letsGo = (release: number) =>
  `Release ${release} serves until the new one is verified; then it lets its clients go and the address moves in one call, which cuts only requests in flight at that very moment.`

test('the first deploy makes everything and interrupts nothing', () => {
  const plan = planDeploy(config, recipes, state(), plenty)
  assert.equal(lines(plan), [
    '  + elastic ip: ',
    '  + repository: ',
    '  + role: ',
    '  + instance profile: ',
    '  + network: vpc, subnets in two zones, internet gateway',
    '  + stack: release 1: security group, t3.small with 20 GiB',
    '    build: 4 images, on this machine',
    ...unbuilt,
    '  + container web: port 8001, open to the world',
    '  + container store: port 8002, not open',
    '  + container admin: port 8003, open to 192.0.2.0/24, 198.51.100.7/32',
    '  + container secrets: brings the secrets into memory',
    '    check: the services from outside, at the address of the new machine',
    '    smoke: what each service promises; what is not open to the world, on the machine',
    '  + address: the address leads to release 1',
    '  + ledger: release 1, its images and its times',
  ])
  assert.equal([plan.release, plan.replaces, plan.changes], [1, undefined, undefined])
  assert.equal(plan.missing, recipes.missing)
  assert.is(plan.interrupts, 'Nothing serves now, so nothing is interrupted.')
})

test('swap is shown as the part of the disk that it is', () => {
  const swapped = { ...config, instance: { ...config.instance, swapMiB: 512 } }
  assert.ok(
    lines(planDeploy(swapped, recipes, state(), plenty)).some((line) => line.endsWith('t3.small with 20 GiB, 512 MiB of them for swap')),
  )
})

test('a further deploy keeps what outlives releases, makes a stack beside the old one, and removes that and what was left over', () => {
  const plan = planDeploy(config, recipes, serving({}), plenty)
  assert.equal(lines(plan), [
    '    elastic ip: 192.0.2.1',
    '    repository: shop/test/images',
    '    role: shop-test',
    '    instance profile: shop-test',
    '    network: vpc-1 kept',
    '  + stack: release 6: security group, t3.small with 20 GiB',
    '    build: 4 images, on this machine',
    ...unbuilt,
    '-/+ container web: port 8001, open to the world',
    '-/+ container store: port 8002, not open',
    '-/+ container admin: port 8003, open to 192.0.2.0/24, 198.51.100.7/32',
    '-/+ container secrets: brings the secrets into memory',
    '    check: the services from outside, at the address of the new machine',
    '    smoke: what each service promises; what is not open to the world, on the machine',
    '  ~ connections: release 4 closes them after each answer, for 1.5 s',
    '  ~ address: 192.0.2.1 leads to release 6',
    '  + ledger: release 6, its images and its times',
    '  - stack: release 3: left over by a run that did not end',
    '  - stack: release 5: left over by a run that did not end',
    drain,
    '  - stack: release 4: when release 6 serves',
  ])
  assert.equal([plan.replaces, plan.leftovers, plan.first], [4, [3, 5], []])
  assert.is(plan.interrupts, letsGo(4))
})

test('a machine that has the address as its way out is replaced without being drained, and the plan says why', () => {
  const before = serving({})
  const elasticIp = { ...before.elasticIp!, privateIp: '10.0.0.4' }
  const old = { ...before, elasticIp, serving: { ...before.serving!, instance: { ...instance, secondIp: undefined } } }
  const why = 'without the address no command reaches its machine'
  assert.is(lines(planDeploy(config, recipes, old, plenty)).at(-1), `  - stack: release 4: when release 6 serves, not drained: ${why}`)
})

test('a machine on which nothing was launched has no clients to let go', () => {
  const before = serving({})
  const plan = planDeploy(config, recipes, { ...before, current: { ...before.current!, outcome: 'provisioned' } }, plenty)
  assert.not.ok(lines(plan).some((line) => line.includes('connections')))
  assert.is(plan.interrupts, 'Nothing serves now, so nothing is interrupted.')
})

test('where a later release runs on a machine, the plan names that, and what stays and goes is the stack that the machine was made with', () => {
  const later = serving({})
  const runsFive = { ...later, releases: [3, 4], serving: { ...later.serving!, runs: 5 }, current: { ...later.current!, release: 5 } }
  const plan = planDeploy(config, recipes, runsFive, plenty)
  assert.equal([plan.release, plan.replaces, plan.leftovers], [6, 5, [3]])
  assert.is(plan.interrupts, letsGo(5))
  assert.equal(lines(plan).slice(-3), [
    '  - stack: release 3: left over by a run that did not end',
    drain,
    '  - stack: release 4: when release 6 serves',
  ])
  const recreated = planDeploy({ ...config, strategy: 'recreate' }, recipes, runsFive, plenty)
  assert.equal(recreated.first, [4, 3])
  assert.is(recreated.interrupts, 'Release 5 is removed first: nothing serves until the new one is up.')
  const built = new Map([['web', { digest: a, missingBytes: 0 }]])
  const same = { ...runsFive, releases: [4], current: { ...serving({ web: a }).current!, release: 5 } }
  assert.is(planDeploy(config, recipesNamed('web'), same, plenty, built).changes, false)
})

test('to recreate removes what serves before anything else is done', () => {
  const plan = planDeploy({ ...config, strategy: 'recreate' }, recipes, serving({}), plenty)
  assert.equal(lines(plan).slice(0, 5), [
    drain,
    '  - stack: release 4: before release 6 is made',
    '  - stack: release 3: left over by a run that did not end',
    '  - stack: release 5: left over by a run that did not end',
    '  - network: vpc-1: before it is made anew',
  ])
  assert.ok(lines(plan).includes('  + network: vpc, subnets in two zones, internet gateway'))
  assert.equal(
    [plan.leftovers, plan.first],
    [
      [3, 5],
      [4, 3, 5],
    ],
  )
  assert.is(plan.interrupts, 'Release 4 is removed first: nothing serves until the new one is up.')
  const { all } = plan.operations
  const [drained, removed] = all
  assert.is(drained!.interrupts, plan.interrupts)
  assert.ok(removed!.after?.includes(drained!))
  const network = all[4]!
  assert.equal(network.after, all.slice(0, 4))
  assert.ok(all.slice(5, 8).every(({ after }) => after?.includes(network)))
})

test('a network that the config names is used as it is, and one that the stage had goes when nothing stands in it any more', () => {
  const subnets = [{ id: 'subnet-1', zone: 'us-east-1b', vpcId: 'vpc-9' }]
  const network = { vpcId: 'vpc-9', subnets }
  const shown = '    network: vpc-9 with subnet-1 in us-east-1b: not ours, used as it is'
  const first = lines(planDeploy(config, recipes, state(), plenty, undefined, network))
  assert.ok(first.includes(shown))
  assert.is(first.filter((line) => line.includes(' network: ')).length, 1)
  const switched = lines(planDeploy(config, recipes, serving({}), plenty, undefined, network))
  assert.ok(switched.includes(shown))
  assert.equal(switched.slice(-2), ['  - stack: release 4: when release 6 serves', '  - network: vpc-1: the config names vpc-9 instead'])
  const recreated = lines(planDeploy({ ...config, strategy: 'recreate' }, recipes, serving({}), plenty, undefined, network))
  assert.ok(recreated.includes(shown))
  assert.ok(recreated.indexOf('  - network: vpc-1: the config names vpc-9 instead') < recreated.indexOf(shown))
  const kept = planDeploy({ ...config, strategy: 'recreate' }, recipes, { ...serving({}), network: undefined }, plenty, undefined, network)
  assert.equal(
    lines(kept).filter((line) => line.includes(' network: ')),
    [shown],
  )
})

test('every operation is shown, has a title of its own, and comes after those it needs', () => {
  for (const plan of [planDeploy(config, recipes, state(), plenty), planDeploy(config, recipes, serving({}), plenty)]) {
    const { all } = plan.operations
    assert.is(new Set(all.map(({ title }) => title)).size, all.length)
    for (const [index, each] of all.entries()) {
      assert.ok(each.lines.length > 0, each.title)
      assert.ok(
        prerequisites(each).every((before) => all.indexOf(before) < index && all.includes(before)),
        each.title,
      )
    }
  }
})

test('built images are compared with those that serve', () => {
  const built = new Map([
    ['web', { digest: a, missingBytes: 0 }],
    ['store', { digest: b, missingBytes: 2_100_000 }],
    ['admin', { digest: c, missingBytes: 0 }],
    ['secrets', { digest: a, missingBytes: 900 }],
  ])
  const plan = planDeploy(config, recipes, serving({ web: a, store: c }), plenty, built)
  assert.equal(
    lines(plan).filter((line) => line.includes(' image ')),
    [
      '    image web: aaaaaaaaaaaa, unchanged',
      '  ~ image store: bbbbbbbbbbbb, 2.1 MB to upload',
      '  + image admin: cccccccccccc, nothing to upload',
      '  + image secrets: aaaaaaaaaaaa, 900 B to upload',
    ],
  )
  assert.is(plan.changes, true)
  const before = planDeploy(config, recipes, serving({ web: a, store: c }), plenty)
  const subjects = (of: Plan) => linesOf(of.operations).map(({ what }) => what)
  assert.equal(subjects(before), subjects(plan), 'a deploy prints the lines of its plan')
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
  assert.is(planDeploy(config, only, state(), plenty, built).changes, true)
})

test('a fingerprint does not depend on where the project lies, nor on the order of images', () => {
  const elsewhere = configOf()
  const here = configOf()
  assert.is(fingerprintOf(here, { x: a, y: b }), fingerprintOf(elsewhere, { y: b, x: a }))
  assert.is.not(fingerprintOf(here, { x: a }), fingerprintOf(here, { x: b }))
  for (const { folder } of [elsewhere, here]) rmSync(folder, { recursive: true })
})

test.run()
