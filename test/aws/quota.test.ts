import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { explain, operationOf } from '../../src/aws/errors.ts'
import { addressQuota, readQuota, standardVcpuQuota, vpcQuota } from '../../src/aws/quota.ts'
import type { Failure } from '../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../support/cloud.ts'
import { withMoto } from '../support/moto.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }

/** Runs `work` with the clients of a server that gives every request this one answer. */
async function withAnswer([status, type, body]: readonly [number, string, string], work: (clients: Clients) => Promise<void>) {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(status, { 'content-type': type }).end(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await work(new Clients({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credentials }))
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

test('what applies is told, also after AWS has granted more, and the defaults are those of AWS', async () => {
  const cloud = await createTestCloud()
  try {
    const api = await cloud.clients.quotas()
    const every = [vpcQuota, addressQuota, standardVcpuQuota]
    for (const { service, code, default: expected } of every) {
      const { Quota } = await api.getAWSDefaultServiceQuota({ ServiceCode: service, QuotaCode: code })
      assert.is(Quota?.Value, expected, Quota?.QuotaName)
    }
    const told = () => Promise.all(every.map((quota) => readQuota(cloud.clients, quota)))
    assert.equal(await told(), [5, 5, 40])
    await api.requestServiceQuotaIncrease({ ServiceCode: vpcQuota.service, QuotaCode: vpcQuota.code, DesiredValue: 12 })
    assert.equal(await told(), [12, 5, 40])
    assert.is(await readQuota(cloud.clients, { service: 'vpc', code: 'L-00000000' }), undefined)
    await cloud.faults({ action: 'servicequotas:GetServiceQuota', before: { code: 'RequestLimitExceeded' }, count: 1 })
    assert.equal(await told(), [12, 5, 40], 'a throttled call is sent again')
    await cloud.faults({ action: 'servicequotas:*', before: { code: 'AccessDenied' } })
    const failure = explain(await errorOf(told()), 'Could not look at the quotas', 'vpc') as Failure
    assert.match(failure.details.likely ?? '', /lack the permission servicequotas:GetServiceQuota/)
  } finally {
    await cloud.end()
  }
})

test('moto tells the quota that it knows, and of those that it does not know nothing is said', () =>
  withMoto(async (clients) => {
    assert.is(await readQuota(clients, vpcQuota), vpcQuota.default)
    assert.is(await readQuota(clients, addressQuota), undefined)
    assert.is(await readQuota(clients, standardVcpuQuota), undefined)
  }))

const lacking = [
  [404, 'text/html', '<!doctype html><title>Not Found</title>'],
  [404, 'application/json', '{"detail":"Not Found"}'],
  [405, 'text/plain', ''],
  [501, 'application/json', '{"__type":"InternalFailure","message":"API for service service-quotas not yet implemented"}'],
  [501, 'text/html', '<!doctype html><title>Not Implemented</title>'],
  [400, 'application/x-amz-json-1.1', '{"__type":"UnknownOperationException"}'],
] as const

for (const answer of lacking) {
  test(`where there is no Service Quotas, nothing is said: ${answer.join(' ')}`, () =>
    withAnswer(answer, async (clients) => assert.is(await readQuota(clients, vpcQuota), undefined)))
}

const refused = [
  [400, 'application/x-amz-json-1.1', '{"__type":"AccessDeniedException","message":"you may not"}', 'AccessDeniedException'],
  [403, 'text/html', '<!doctype html><title>Forbidden</title>', 'SyntaxError'],
  [400, 'application/x-amz-json-1.1', '{"__type":"IllegalArgumentException","message":"no"}', 'IllegalArgumentException'],
] as const

for (const [status, type, body, name] of refused) {
  test(`could not look is not the same as unknown: ${status} ${body}`, () =>
    withAnswer([status, type, body], async (clients) => {
      const error = await errorOf(readQuota(clients.once, vpcQuota))
      assert.equal([error.name, operationOf(error)], [name, 'servicequotas:GetServiceQuota'])
    }))
}

test.run()
