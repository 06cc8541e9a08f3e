// time limit: 300 s
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { deleteParameters, overwriteParameter, parametersBelow } from '../../../src/aws/parameters.ts'
import { holdStage, lockOf, refuseLockVerb, releaseHold } from '../../../src/release/state/hold.ts'
import { type Lease, takeLease } from '../../../src/release/state/lease.ts'
import { type LeaseOwner, thisOwner } from '../../../src/release/state/lease-owner.ts'
import { leaseName, readLease } from '../../../src/release/state/lease-record.ts'
import { withLease } from '../../../src/release/state/with-lease.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { until } from '../../support/client.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)
test.after.each(() => cloud.faults())

const { signal } = new AbortController()
const waiting = () => undefined
const ann: LeaseOwner = { user: 'ann', host: 'laptop', verb: 'deploy', pid: 1 }
const bob: LeaseOwner = { user: 'bob', host: 'ci', verb: 'destroy', pid: 1, run: 'https://ci.test/runs/7' }
/** A stage of its own for every test. */
const stage = (name: string) => ({ app: 'shop', stage: name })
const take = (name: string, owner: LeaseOwner, seconds: number) => takeLease(clients, stage(name), owner, seconds, { signal, waiting })
const holderOf = async (id: { app: string; stage: string }) => (await lockOf(clients, id))?.by
const namesBelow = async (name: string) => (await parametersBelow(clients, `/shop/${name}`)).map((each) => each.name)
const expiryOf = async (name: string) => Date.parse((await readLease(clients, stage(name))).record!.expires!)

/** Waits until a lease is lost. Its own timers keep no process alive. */
async function lossOf(lease: Lease): Promise<void> {
  const alive = setInterval(() => undefined, 1000)
  await once(lease.signal, 'abort')
  clearInterval(alive)
}

/** A process of its own that takes the lease; gives what it says, line by line. */
function holder(name: string, seconds: number) {
  const access = { ...clients.access }
  const argument = JSON.stringify({ access, id: stage(name), seconds })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'lease-holder.fixture.ts'), argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, ended: once(child, 'exit'), says: async () => (await lines.next()).value as string | undefined }
}

test('of fifty who take a lease at once one gets it, and the others learn who', async () => {
  const owners = Array.from({ length: 50 }, (_, n): LeaseOwner => ({ ...ann, user: `user${n}` }))
  const results = await Promise.allSettled(owners.map((owner) => take('fifty', owner, 30)))
  const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [{ lease: result.value, n }] : []))
  assert.is(winners.length, 1)
  const { lease, n } = winners[0]!
  for (const result of results)
    if (result.status === 'rejected') {
      const failure = result.reason as Failure
      assert.is(failure.message, `The stage is locked by user${n}@laptop (deploy)`)
      assert.is(failure.code, 6)
      assert.match(failure.details.likely!, /the lock ends by itself in (30|29|28) s/)
    }
  assert.is(await holderOf(stage('fifty')), `user${n}@laptop (deploy)`)
  await lease.release()
  assert.is(await holderOf(stage('fifty')), undefined)
})

test('an expired lease is taken over by one of fifty, and is one parameter all the time', async () => {
  const old = await take('expired', bob, 0.2)
  // Cut off from AWS, the holder cannot renew it.
  await cloud.faults({ action: 'ssm:PutParameter', before: { code: 'InternalServerError', status: 500 } })
  await lossOf(old)
  await cloud.faults()
  assert.ok((await expiryOf('expired')) <= Date.now())
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => take('expired', ann, 30)))
  const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  assert.is(winners.length, 1)
  assert.is(await holderOf(stage('expired')), 'ann@laptop (deploy)')
  // The old holder gives back what is not its own any more: nothing happens.
  await old.release()
  assert.is(await holderOf(stage('expired')), 'ann@laptop (deploy)')
  await winners[0]!.release()
  assert.equal(await namesBelow('expired'), [leaseName(stage('expired'))])
})

test('a lease lives as long as its holder, by being renewed', async () => {
  const lease = await take('renewed', bob, 3)
  const first = await expiryOf('renewed')
  await until(async () => (await expiryOf('renewed')) > first + 1500, 60)
  assert.not.ok(lease.signal.aborted)
  assert.is((await errorOf(take('renewed', ann, 1))).message, 'The stage is locked by bob@ci (destroy, https://ci.test/runs/7)')
  await lease.release()
})

test('renewals whose answers are lost or refused now and then do not end a lease', async () => {
  const lease = await take('shaky', bob, 6)
  await cloud.faults(
    { action: 'ssm:PutParameter', every: 2, after: 'drop' },
    { action: 'ssm:GetParameter', every: 5, before: { code: 'InternalServerError', status: 500 } },
  )
  const first = await expiryOf('shaky')
  await until(async () => (await cloud.hits())[0]! > 0 && (await expiryOf('shaky')) > first + 3000, 60)
  assert.not.ok(lease.signal.aborted)
  await cloud.faults()
  await lease.release()
  assert.is(await holderOf(stage('shaky')), undefined)
})

test('whoever loses the lease to somebody else stops at the next renewal and is told to whom', async () => {
  const lease = await take('stolen', bob, 3)
  const other = JSON.stringify({ owner: ann, holding: 'another', expires: new Date(Date.now() + 60_000).toISOString() })
  await overwriteParameter(clients, leaseName(stage('stolen')), other)
  await lossOf(lease)
  const failure = lease.signal.reason as Failure
  assert.is(failure.message, 'The lock of the stage was lost to ann@laptop (deploy); this run stops here and changes nothing more')
  assert.is(failure.code, 6)
  await lease.release()
  assert.is(await holderOf(stage('stolen')), 'ann@laptop (deploy)')
})

test('a lease that was deleted is lost', async () => {
  const lease = await take('deleted', bob, 3)
  await deleteParameters(clients, [leaseName(stage('deleted'))])
  await lossOf(lease)
  assert.match((lease.signal.reason as Failure).message, 'The lock of the stage was lost; this run')
  await lease.release()
})

test('what somebody wrote who came too late costs the holder nothing', async () => {
  const lease = await take('between', bob, 3)
  const name = leaseName(stage('between'))
  // They had seen the stage free, so what they write does not follow what they had seen.
  const late = { owner: ann, holding: 'late', after: 0, expires: new Date(Date.now() + 60_000).toISOString() }
  await overwriteParameter(clients, name, JSON.stringify(late))
  assert.is(await holderOf(stage('between')), 'bob@ci (destroy, https://ci.test/runs/7)')
  const first = await expiryOf('between')
  await until(async () => (await expiryOf('between')) > first, 60)
  assert.not.ok(lease.signal.aborted)
  await overwriteParameter(clients, name, JSON.stringify(late))
  await lease.release()
  assert.is(await holderOf(stage('between')), undefined)
})

test('a holder that was paused for longer than its lease lives notices it, and gives back nothing', async () => {
  const paused = holder('paused', 8)
  assert.is(await paused.says(), 'held')
  paused.child.kill('SIGSTOP')
  const early = await errorOf(take('paused', ann, 30))
  assert.match(early.message, /^The stage is locked by /)
  await sleep((await expiryOf('paused')) - Date.now() + 20)
  const lease = await take('paused', ann, 30)
  paused.child.kill('SIGCONT')
  assert.match((await paused.says())!, /^lost: The lock of the stage was lost/)
  paused.child.stdin.write('end')
  assert.equal(await paused.ended, [0, null])
  assert.is(await holderOf(stage('paused')), 'ann@laptop (deploy)')
  await lease.release()
})

test('a holder that was paused for longer than its lease lives takes it up again where nobody else has', async () => {
  const paused = holder('still', 3)
  assert.is(await paused.says(), 'held')
  paused.child.kill('SIGSTOP')
  const expiry = await expiryOf('still')
  await until(async () => Date.now() > expiry + 20, 60)
  assert.is(await holderOf(stage('still')), undefined)
  paused.child.kill('SIGCONT')
  await until(async () => (await expiryOf('still')) > expiry, 60)
  assert.match((await holderOf(stage('still')))!, /\(deploy\)$/)
  paused.child.stdin.write('end')
  assert.equal(await paused.ended, [0, null])
  assert.is(await holderOf(stage('still')), undefined)
})

test('the lease of a process of this machine that was killed is waited for, not longer than it lives', async () => {
  const killed = holder('killed', 6)
  assert.is(await killed.says(), 'held')
  killed.child.kill('SIGKILL')
  await killed.ended
  const told: string[] = []
  const lease = await takeLease(clients, stage('killed'), ann, 30, { signal, waiting: (detail) => told.push(detail) })
  assert.is(told.length, 1)
  assert.match(told[0]!, /^the process of \S+ \(deploy\) is gone; its lock ends in [1-6] s$/)
  await lease.release()

  const again = holder('killed', 30)
  assert.is(await again.says(), 'held')
  again.child.kill('SIGKILL')
  await again.ended
  const aborter = new AbortController()
  const patient = takeLease(clients, stage('killed'), ann, 30, { signal: aborter.signal, waiting: () => aborter.abort() })
  assert.is((await errorOf(patient)).name, 'AbortError')
})

test('a lease that was taken although the answer was lost is held', async () => {
  await cloud.faults({ action: 'ssm:PutParameter', after: 'drop', count: 1 })
  const lease = await take('lost', ann, 30)
  assert.is(await holderOf(stage('lost')), 'ann@laptop (deploy)')
  await lease.release()
})

test('a server that fails again and again is not asked for ever', async () => {
  await cloud.faults({ action: 'ssm:PutParameter', before: { code: 'InternalServerError', message: 'broken', status: 500 } })
  const failure = (await errorOf(take('broken', ann, 30))) as Failure
  assert.match(failure.message, /^Could not take the lock of the stage: InternalServerError: broken/)
})

test('work under a lease ends with the lease given back, also when it throws', async () => {
  const id = stage('work')
  const options = { clients, id, verb: 'deploy', signal, emit: () => undefined }
  const seen = await withLease(options, async (lease, owner) => {
    assert.is(owner.verb, 'deploy')
    assert.not.ok(lease.signal.aborted)
    return holderOf(id)
  })
  assert.match(seen!, /\(deploy/)
  assert.is(await holderOf(id), undefined)
  assert.is((await errorOf(withLease(options, () => Promise.reject(new Error('failed'))))).message, 'failed')
  assert.is(await holderOf(id), undefined)
})

test('a lease that was given back is overwritten, and taken again without a wait', async () => {
  const names = Array.from({ length: 5 }, (_, n): LeaseOwner => ({ ...ann, user: `user${n}` }))
  for (const owner of names) await (await take('again', owner, 30)).release()
  const { version, record } = await readLease(clients, stage('again'))
  assert.equal([version, record!.owner.user, record!.expires], [10, 'user4', undefined])
  assert.equal(await namesBelow('again'), [leaseName(stage('again'))])
})

test('a lease that goes with its stage is waited for by the next run until its name is given out again', async () => {
  const last = await take('gone', bob, 30)
  last.takeAlong([])
  await last.release()
  assert.equal(await namesBelow('gone'), [])
  const told: string[] = []
  const start = performance.now()
  const lease = await takeLease(clients, stage('gone'), ann, 30, { signal, waiting: (detail) => told.push(detail) })
  const seconds = (performance.now() - start) / 1000
  assert.ok(seconds > 1 && seconds < 30, `${seconds} s`)
  assert.match(told[0]!, /^the stage was destroyed a moment ago/)
  assert.ok(told.length < 10, `asked ${told.length} times`)
  await lease.release()
})

test('a stage that is held on purpose stays so until it is released, and says why', async () => {
  const id = stage('held')
  const held = await holdStage(clients, id, ' Audit until Friday ', { signal, waiting }, ann)
  assert.equal([held.by, held.held!.reason], ['ann@laptop (deploy)', 'Audit until Friday'])
  assert.equal(await lockOf(clients, id), held)
  for (const failure of [await errorOf(take('held', bob, 30)), await errorOf(holdStage(clients, id, 'mine', { signal, waiting }))]) {
    const { message, code, details } = failure as Failure
    assert.is(message, `The stage is held by ann@laptop (deploy) since ${held.held!.since}: Audit until Friday`)
    assert.equal([code, details.next], [6, 'npx zx scripts/lock.mjs release --stage held'])
  }
  assert.equal(await releaseHold(clients, id), held)
  assert.is(await releaseHold(clients, id), undefined)
  const lease = await take('held', bob, 30)
  for (const failure of [await errorOf(releaseHold(clients, id)), await errorOf(holdStage(clients, id, 'mine', { signal, waiting }))])
    assert.equal([(failure as Failure).code, failure.message], [6, 'The stage is locked by bob@ci (destroy, https://ci.test/runs/7)'])
  await lease.release()
})

test('a hold needs a reason, and nothing else does', () => {
  const refusal = (verb: string, reason?: string) => {
    try {
      refuseLockVerb(verb, reason)
    } catch (error) {
      return [(error as Failure).code, (error as Failure).message]
    }
    return undefined
  }
  for (const [verb, reason] of [['show'], ['release'], ['hold', 'why']] as const) assert.is(refusal(verb, reason), undefined)
  assert.equal(refusal('freeze'), [2, 'There is no verb "freeze" of lock; there is show, hold, release'])
  assert.equal(refusal('release', 'why'), [2, '"lock release" takes no reason'])
  assert.equal(refusal('hold', ' '), [2, 'A hold needs a reason, which everybody is told who finds the stage locked'])
  assert.equal(refusal('hold', '{{'), [2, 'The reason contains "{{", which Parameter Store does not keep'])
  assert.equal(refusal('hold', 'x'.repeat(501)), [2, 'The reason has 501 characters; 500 are kept'])
})

test('an owner is a user of a host, or the actor of a CI run', () => {
  const here = thisOwner('deploy', {})
  assert.equal([here.host, here.pid, here.run], [hostname(), process.pid, undefined])
  const env = { GITHUB_ACTOR: 'ann', GITHUB_RUN_ID: '7', GITHUB_SERVER_URL: 'https://github.test', GITHUB_REPOSITORY: 'shop/mlops' }
  const { user, run } = thisOwner('deploy', env)
  assert.equal([user, run], ['ann', 'https://github.test/shop/mlops/actions/runs/7'])
})

test.run()
