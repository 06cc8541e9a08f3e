// time limit: 300 s
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { readCredentials } from '../../src/local/files/keys.ts'
import { readCloudState } from '../../src/local/process/cloud-state.ts'
import { until } from '../support/client.ts'
import { document, layProject } from '../support/project.ts'

const run = promisify(execFile)
const installed = process.env.PATH!.split(delimiter).some((folder) => existsSync(join(folder, 'aws')))
const project = await layProject()
// What a user has of their own must not come in the way, and must not be used.
mkdirSync(join(project.folder, 'home/.aws'))
writeFileSync(join(project.folder, 'home/.aws/credentials'), '[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n')

/** Pastes a command into a shell of a user with credentials of another AWS. */
async function paste(command: string): Promise<string> {
  const own = { AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_SECRET_ACCESS_KEY: 'other', AWS_PAGER: '' }
  const env = { PATH: process.env.PATH, HOME: join(project.folder, 'home'), ...own }
  return (await run('sh', ['-c', command], { env, cwd: project.folder })).stdout
}

/** The command that a report names. */
function nextOf(err: string): string {
  const [, next] = /^ {2}next {4}(.*)$/m.exec(err) ?? []
  assert.ok(next, err)
  return next
}

test('what logs and status of a stopped machine say next is a command that works when it is pasted, and holds no secret', async () => {
  assert.is((await project.run('deploy')).code, 0)
  const cloud = join(project.state, 'cloud')
  const { endpoint, region } = readCloudState(cloud)!
  const ec2 = await new Clients({ endpoint, region, credentials: readCredentials(cloud)! }).ec2()
  await ec2.stopInstances({ InstanceIds: [document(await project.run('status', '--json')).machine.id] })
  let seen: { machine: { state: string }; next?: string } | undefined
  await until(
    async () => {
      seen = JSON.parse((await project.run('status', '--json')).out)
      return seen?.machine.state === 'stopped'
    },
    60,
    () => JSON.stringify(seen),
  )
  const logs = await project.run('logs', 'web')
  assert.is(logs.code, 1)
  assert.match(logs.err, /^✖ The machine is stopped, so nothing on it can be asked\n {2}on {6}instance i-/)
  const next = nextOf(logs.err)
  assert.is(seen!.next, next)
  assert.match(
    next,
    /^AWS_CONFIG_FILE=\.mlops\/cloud\/aws-config aws --profile embedded --endpoint-url http:\/\/127\.0\.0\.1:\d+ --region \S+ ec2 start-instances /,
  )
  assert.not.match(next, /AKIA/)
  assert.is(statSync(join(project.state, 'cloud/aws-config')).mode & 0o777, 0o600)
  if (!installed) return console.log('not tested: aws is not on the PATH')
  assert.match(await paste(next), '"StartingInstances"')
  await until(async () => JSON.parse((await project.run('status', '--json')).out).services[0].state === 'healthy', 60)
})

test('the value of a secret on the command line is refused and not repeated', async () => {
  for (const words of [
    ['set', 'API_KEY=hunter2'],
    ['set', 'API_KEY', 'hunter2'],
    ['set', 'API_KEY=hunter2', '--json'],
  ]) {
    const { code, out, err } = await project.run('secret', ...words)
    assert.is(code, 2)
    assert.not.match(out + err, 'hunter2')
  }
  const { err } = await project.run('secret', 'set', 'API_KEY=hunter2')
  assert.is(nextOf(err), 'npx zx scripts/secret.mjs set API_KEY')
  assert.equal(document(await project.run('secret', 'list', '--json')).secrets, [])
})

test.run()
