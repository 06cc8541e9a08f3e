import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { lookAt, servingRelease } from '../../src/release/state/stage-state.ts'
import { reportOf } from '../../src/terminal/report.ts'
import { openCloud } from '../support/open-cloud.ts'
import { freePorts } from '../support/project.ts'
import { type Order, runDeploy, runDestroy } from '../support/verbs.ts'

const folder = mkdtempSync(join(tmpdir(), 'regions-'))
const [port] = await freePorts(1)
const open = await openCloud(folder, port!, 'light')
test.after(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

const orderIn = (region: string): Order => ({ ...open.order, access: { ...open.order.access, region } })
const [here, there] = [orderIn('ap-southeast-1'), orderIn('eu-central-1')]

test('a stage is deployed where its config says, and nothing of it is anywhere else', async () => {
  const deployed = await runDeploy(here)
  assert.equal([deployed.account, deployed.region], ['000000000000', 'ap-southeast-1'])
  const { store } = open.cloud
  assert.equal([store.in('ap-southeast-1').list('vpc').length, store.in('eu-central-1').list('vpc').length], [1, 0])
  assert.equal(
    store.list('role').map(({ RoleName }) => RoleName),
    ['crash-local-ap-southeast-1'],
  )
})

test('a region that was changed in the config of a stage is refused with where the stage is, and nothing is made there', async () => {
  const { code, ...report } = reportOf(await runDeploy(there).catch((error) => error))
  assert.is(code, 2, JSON.stringify(report))
  assert.match(JSON.stringify(report), /The stage is in ap-southeast-1, and the config says eu-central-1/)
  for (const kind of ['vpc', 'instance', 'address', 'repository'] as const)
    assert.equal(open.cloud.store.in('eu-central-1').list(kind), [], kind)
  const state = await lookAt(new Clients(here.access), { app: 'crash', stage: 'local' })
  assert.is(servingRelease(state), 1)
})

test('a stage that was destroyed may begin anew in another region', async () => {
  assert.equal((await runDestroy(here)).left, [])
  assert.is((await runDeploy(there)).release, 1)
  assert.equal((await runDestroy(there)).left, [])
})

test.run()
