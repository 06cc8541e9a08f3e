import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { operationOf } from '../../src/aws/errors.ts'
import { addressQuota, readQuota, standardVcpuQuota, vpcQuota } from '../../src/aws/quota.ts'
import { errorOf } from './cloud.fixture.ts'
import { withMoto } from './moto.fixture.ts'

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
