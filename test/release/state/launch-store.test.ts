import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { getParameter } from '../../../src/aws/parameters.ts'
import { registryLogin, repositoryName } from '../../../src/aws/resources/repository.ts'
import { bytesBlob } from '../../../src/image/blob.ts'
import { artifactOf } from '../../../src/image/manifest.ts'
import { contentTag, pushImage } from '../../../src/image/registry/push.ts'
import { digestsOf } from '../../../src/release/launch/images.ts'
import { describeLaunch, launchOn } from '../../../src/release/launch/launch-description.ts'
import { launchScript } from '../../../src/release/launch/launch-script.ts'
import { setSecret } from '../../../src/release/launch/secrets.ts'
import { ownerOf, parameterPath } from '../../../src/release/stage/names.ts'
import { keepLaunch, readLaunch } from '../../../src/release/state/launch-store.ts'
import { type LedgerEntry, readLedger, writeEntry } from '../../../src/release/state/ledger.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'
import { configOf } from '../config.fixture.ts'
import { allLocated, located } from '../launch/description.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
/** Names as long as they may be, and what a service can have. */
const names = Array.from({ length: 75 }, (_, number) => `a-service-with-a-very-long-name-${number}`.slice(-32))
const services = Object.fromEntries(
  names.map((name, number) => [
    name,
    {
      entry: './services/web/server.ts',
      port: 10_000 + number,
      environment: { UPSTREAM: `https://api-${number}.example.com/v1`, LOG_LEVEL: 'debug', TOKEN: { secret: 'API_KEY' } },
      needs: names.slice(Math.max(0, number - 2), number),
    },
  ]),
)
const config = configOf({ services, monitoring: {} })
const repository = repositoryName(ownerOf(config))
await (await clients.ecr()).createRepository({ repositoryName: repository, imageTagMutability: 'IMMUTABLE' })
const target = { ...(await registryLogin(clients)), repository }
test.after(async () => {
  await cloud.end()
  rmSync(config.folder, { recursive: true })
})

const images = allLocated(config)
const description = describeLaunch(config, { release: 5, commit: 'abc', images })
const circumstances = { address: '10.0.0.7', identity: '5-abc', at: 1_700_000_000_000, by: 'ann@laptop' }
const entry = (also: Partial<LedgerEntry> = {}): LedgerEntry => {
  const seconds = { create: 31.234567891, build: 2.345678912, push: 3.456789123, launch: 57.891234567, verify: 4.567891234 }
  const missing = ['prometheus is not on this machine (apt-get install prometheus)', 'grafana is not on this machine (its page)']
  return {
    release: 5,
    outcome: 'serving',
    at: new Date().toISOString(),
    by: 'ann@laptop',
    images: digestsOf(images),
    missing,
    seconds,
    ...also,
  }
}

test('a release of 75 services is kept and read back, its script is the same to the letter, and its entry fits into a parameter', async () => {
  const { digest: launch } = await keepLaunch(target, description)
  const machine = { id: 'i-0123456789abcdef0', imageId: 'ami-0123456789abcdef0' }
  const written = entry({ launch, machine, commit: 'a'.repeat(40), fingerprint: '0123456789abcdef' })
  await writeEntry(clients, config, written)
  const { last } = await readLedger(clients, config)
  assert.equal(last, written)
  const read = await readLaunch(clients, config, last!)
  assert.is(launchScript(launchOn(read, circumstances)), launchScript(launchOn(description, circumstances)))
  const { value } = (await getParameter(clients, `${parameterPath(config)}/ledger`))!
  assert.ok(JSON.stringify(written).length > 8192, 'it would not fit as it is')
  assert.ok(value.length < 8192, `${value.length} bytes`)
})

test('no value of a secret is in a description, only its name', async () => {
  await setSecret(clients, config, 'API_KEY', 'hush-hush')
  const { digest: launch } = await keepLaunch(target, { ...description, release: 6 })
  const text = JSON.stringify(await readLaunch(clients, config, entry({ release: 6, launch })))
  assert.match(text, '/run/secrets/API_KEY')
  assert.not.match(text, 'hush-hush')
})

test('a description is found by its tag as well, and what a killed run has kept under the same number is not in the way', async () => {
  const other = describeLaunch(config, { release: 5, commit: 'def', images })
  const [launch, again] = [(await keepLaunch(target, description)).digest, (await keepLaunch(target, other)).digest]
  assert.is.not(launch, again)
  const { imageDetails = [] } = await (await clients.ecr()).describeImages({ repositoryName: repository })
  const tags = imageDetails.flatMap(({ imageTags = [] }) => imageTags).filter((tag) => tag.startsWith('release_5.'))
  assert.equal(tags.sort(), [launch, again].map((digest) => `release_5.${contentTag(digest)}`).sort())
  assert.is(imageDetails[0]!.artifactMediaType, 'application/vnd.mlops.launch.config.v1+json')
})

test('a release without a description, and a description that has expired, are failures that say so', async () => {
  const without = (await errorOf(readLaunch(clients, config, entry({ release: 3 })))) as Failure
  assert.is(without.message, 'Release 3 has no launch description')
  const gone = `sha256:${'0'.repeat(64)}`
  const expired = (await errorOf(readLaunch(clients, config, entry({ launch: gone })))) as Failure
  assert.match(expired.message, /^The launch description of release 5 could not be read: 404 MANIFEST_UNKNOWN/)
  assert.match(expired.details.on!, `${repository}@${gone}`)
})

test('what another version of this project has written is not taken for a description', async () => {
  const artifact = artifactOf('later', bytesBlob(Buffer.from('{}'), 'application/json'), [
    bytesBlob(Buffer.from('[]'), 'application/later'),
  ])
  const { digest } = await pushImage(artifact, target)
  const failure = (await errorOf(readLaunch(clients, config, entry({ launch: digest })))) as Failure
  assert.is(failure.message, 'The launch description of release 5 could not be read: it is application/later')
})

test('a description without secrets, commit or monitoring is read back as well', async () => {
  const plain = configOf()
  const bare = describeLaunch(plain, { release: 8, commit: undefined, images: located('web') })
  const read = await readLaunch(clients, config, entry({ launch: (await keepLaunch(target, bare)).digest }))
  assert.is(launchScript(launchOn(read, circumstances)), launchScript(launchOn(bare, circumstances)))
  rmSync(plain.folder, { recursive: true })
})

test.run()
