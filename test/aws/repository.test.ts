import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { down, up } from '../../src/aws/graph.ts'
import { missingLayers, type Repository, registryLogin, repository } from '../../src/aws/repository.ts'
import { contextFor, createTestCloud, errorOf, ownerNamed } from './cloud.fixture.ts'
import { find } from './find.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const ecr = await clients.ecr()
test.after(cloud.end)
test.after.each(() => cloud.faults())

const owner = ownerNamed('shop')
const web = repository({ tags: owner.of('web'), path: `${owner.path}/web` })
const api = repository({ tags: owner.of('api'), path: `${owner.path}/api` })

test('a repository keeps its tags, scans what is pushed and expires old images', async () => {
  assert.is(web.name, 'repository web')
  const { outputs } = await up([web, api], contextFor(clients, owner), 'create')
  assert.equal(await find([web, api], contextFor(clients, owner)), outputs)
  const { repositories } = await ecr.describeRepositories({ repositoryNames: ['test/shop/web'] })
  const [described] = repositories!
  assert.is(described!.imageTagMutability, 'IMMUTABLE')
  assert.is(described!.imageScanningConfiguration?.scanOnPush, true)
  assert.is((outputs.get('repository web') as Repository).uri, described!.repositoryUri)
  const { lifecyclePolicyText } = await ecr.getLifecyclePolicy({ repositoryName: 'test/shop/web' })
  assert.equal(JSON.parse(lifecyclePolicyText!).rules[0].selection, { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 20 })
})

test("repositories below another owner's path are not seen, also where that path begins the same", async () => {
  const other = ownerNamed('shop-two')
  const theirs = repository({ tags: other.of('web'), path: `${other.path}/web` })
  assert.is((await find([theirs], contextFor(clients, other))).size, 0)
  await up([theirs], contextFor(clients, other), 'create')
  await down([theirs], contextFor(clients, owner), 'remove')
  assert.is((await find([theirs], contextFor(clients, other))).size, 1)
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
  assert.equal([...(await missingLayers(clients, 'test/shop/web', digests))], digests)
  assert.equal([...(await missingLayers(clients, 'test/shop/none', digests))], digests)
  const layers = [{ layerDigest: digests[0]!, layerAvailability: 'AVAILABLE' }]
  await cloud.faults({ action: 'ecr:BatchCheckLayerAvailability', instead: { layers, failures: [] } })
  assert.equal([...(await missingLayers(clients, 'test/shop/web', digests))], [digests[1]])
  await cloud.faults({ action: 'ecr:BatchCheckLayerAvailability', before: { code: 'AccessDeniedException' } })
  assert.is((await errorOf(missingLayers(clients, 'test/shop/web', digests))).name, 'AccessDeniedException')
})

test('repositories go with all that is in them; one that went meanwhile is no error', async () => {
  const context = contextFor(clients, owner)
  await find([web], context)
  await ecr.deleteRepository({ repositoryName: 'test/shop/web', force: true })
  await down([web, api], context, 'remove')
  assert.is((await find([web, api], contextFor(clients, owner))).size, 0)
  assert.is((await errorOf(ecr.describeRepositories({ repositoryNames: ['test/shop/api'] }))).name, 'RepositoryNotFoundException')
})

test.run()
