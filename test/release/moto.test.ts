/**
 * The deploy path against somebody else's AWS: moto. Where `moto_server` is not installed, one line says so.
 */
import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Clients } from '../../src/aws/clients.ts'
import { deploy } from '../../src/release/deploy.ts'
import { destroy } from '../../src/release/destroy.ts'
import { planProvision } from '../../src/release/plan/plan-deploy.ts'
import { planDestroy } from '../../src/release/plan/plan-destroy.ts'
import { lookForPlan } from '../../src/release/plan/work.ts'
import { history } from '../../src/release/state/ledger.ts'
import { withLease } from '../../src/release/state/with-lease.ts'
import { statusOf } from '../../src/release/status.ts'
import { withMoto } from '../support/moto.ts'
import { configOf } from './config.fixture.ts'

/** Provisions a stage, looks at it, destroys it. */
async function throughItsLife(clients: Clients, policies: { attached: string[]; inline: string[] }): Promise<void> {
  const config = configOf()
  const RoleName = `${config.app}-${config.stage}-${config.region}`
  const options = { clients, id: config, signal: new AbortController().signal, emit: () => undefined }
  const provisioned = await withLease({ ...options, verb: 'provision' }, async (lease) => {
    const work = await lookForPlan(clients, config, options.emit, 'provision')
    return await deploy(work, planProvision(work), { lease, signal: options.signal })
  })
  const status = await statusOf(clients, config)
  assert.equal([status.release, status.address, status.machine?.state], [1, provisioned.address, 'running'])
  assert.is(status.lock, undefined)
  assert.equal(
    (await history(clients, config)).map(({ outcome }) => outcome),
    ['provisioned'],
  )
  const iam = await clients.iam()
  const { AttachedPolicies = [] } = await iam.listAttachedRolePolicies({ RoleName })
  assert.equal(
    AttachedPolicies.map(({ PolicyName }) => PolicyName),
    policies.attached,
  )
  assert.equal(
    (await iam.listRolePolicies({ RoleName })).PolicyNames!.toSorted(),
    [...policies.inline, `${config.app}-${config.stage}`].sort(),
  )
  const receipt = await withLease({ ...options, verb: 'destroy' }, async (lease) =>
    destroy(await planDestroy(clients, config, lease, options.emit), { lease, signal: options.signal }),
  )
  assert.equal([receipt.failure, receipt.left], [undefined, []])
  assert.is(receipt.removed.length, 11)
  rmSync(config.folder, { recursive: true })
}

const managed = ['AmazonSSMManagedInstanceCore']

test('a stage is provisioned, seen and destroyed on moto', () =>
  withMoto((clients) => throughItsLife(clients, { attached: managed, inline: [] }), { managedPolicies: true }))

test("the same where there are no policies of AWS's own, with inline ones in their place", () =>
  withMoto((clients) => throughItsLife(clients, { attached: [], inline: managed })))

test.run()
