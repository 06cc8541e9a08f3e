import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { down, up } from '../../../src/aws/graph/graph.ts'
import { missingLayers, type Repository, registryLogin, repository, repositoryName } from '../../../src/aws/resources/repository.ts'
import { contextFor, createTestCloud, errorOf, ownerNamed } from '../../support/cloud.ts'
import { find } from '../find.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const ecr = await clients.ecr()
test.after(cloud.end)
test.after.each(() => cloud.faults())

const owner = ownerNamed('shop')
const name = repositoryName(owner)
const records = { name: 'notes', tagPrefix: 'note_', newestKept: 7 }
const theirs = (images: readonly string[]) => repository({ tags: owner.of('repository'), name, images, records: [records] })

test('a repository keeps its tags, scans what is pushed and expires old images', async () => {
  const { outputs } = await up([theirs(['web', 'web-api'])], contextFor(clients, owner), 'create')
  assert.equal(await find([theirs([])], contextFor(clients, owner)), outputs)
  const { repositories } = await ecr.describeRepositories({ repositoryNames: [name] })
  const [described] = repositories!
  assert.is(described!.imageTagMutability, 'IMMUTABLE')
  assert.is(described!.imageScanningConfiguration?.scanOnPush, true)
  assert.is((outputs.get('repository') as Repository).uri, described!.repositoryUri)
})

const selections = async () => {
  const { lifecyclePolicyText } = await ecr.getLifecyclePolicy({ repositoryName: name })
  return (JSON.parse(lifecyclePolicyText!) as { rules: { selection: object }[] }).rules.map(({ selection }) => selection)
}

test('twenty of each image stay, however often the others change, and so many records as are wanted; with more images than a policy has rules, twenty on average', async () => {
  const count = { countType: 'imageCountMoreThan', countNumber: 20 }
  const ofRecords = { tagStatus: 'tagged', tagPrefixList: ['note_'], ...count, countNumber: 7 }
  assert.equal(await selections(), [
    ofRecords,
    { tagStatus: 'tagged', tagPrefixList: ['web.'], ...count },
    { tagStatus: 'tagged', tagPrefixList: ['web-api.'], ...count },
  ])
  const many = Array.from({ length: 50 }, (_, number) => `service-${number}`)
  await up([theirs(many.slice(1))], contextFor(clients, owner), 'create')
  assert.is((await selections()).length, 50)
  await up([theirs(many)], contextFor(clients, owner), 'create')
  assert.equal(await selections(), [ofRecords, { tagStatus: 'any', ...count, countNumber: 1007 }])
})

test("another owner's repository is not seen, also where the name begins the same", async () => {
  const other = ownerNamed('shop-two')
  const another = repository({ tags: other.of('repository'), name: repositoryName(other), images: ['web'], records: [records] })
  assert.is((await find([another], contextFor(clients, other))).size, 0)
  await up([another], contextFor(clients, other), 'create')
  assert.is((await find([theirs([])], contextFor(clients, owner))).size, 1)
  await down([another], contextFor(clients, other), 'destroy')
  assert.is((await find([theirs([])], contextFor(clients, owner))).size, 1)
})

test('the registry login leads to where the repositories are', async () => {
  const { registry, authorization } = await registryLogin(clients)
  assert.is(registry, cloud.endpoint)
  const response = await fetch(`${registry}/v2/`, { headers: { authorization } })
  assert.is(response.status, 200)
  assert.is((await fetch(`${registry}/v2/`)).status, 401)
})

test('a repository lacks the layers that were never pushed; one that does not exist lacks them all', async () => {
  const digests = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`]
  assert.equal([...(await missingLayers(clients, name, digests))], digests)
  assert.equal([...(await missingLayers(clients, 'test/shop/none', digests))], digests)
  const layers = [{ layerDigest: digests[0]!, layerAvailability: 'AVAILABLE' }]
  await cloud.faults({ action: 'ecr:BatchCheckLayerAvailability', instead: { layers, failures: [] } })
  assert.equal([...(await missingLayers(clients, name, digests))], [digests[1]])
  await cloud.faults({ action: 'ecr:BatchCheckLayerAvailability', before: { code: 'AccessDeniedException' } })
  assert.is((await errorOf(missingLayers(clients, name, digests))).name, 'AccessDeniedException')
})

test('a repository goes with all that is in it; one that went meanwhile is no error', async () => {
  const context = contextFor(clients, owner)
  await find([theirs([])], context)
  await ecr.deleteRepository({ repositoryName: name, force: true })
  await down([theirs([])], context, 'destroy')
  await up([theirs(['web'])], contextFor(clients, owner), 'create')
  await down([theirs([])], contextFor(clients, owner), 'destroy')
  assert.is((await find([theirs([])], contextFor(clients, owner))).size, 0)
  assert.is((await errorOf(ecr.describeRepositories({ repositoryNames: [name] }))).name, 'RepositoryNotFoundException')
})

test.run()
