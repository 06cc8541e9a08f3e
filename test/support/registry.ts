// A registry on a free port over a real store in a temp folder, for the tests of both sides of a push.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRegion } from '../../src/local/api/calls.ts'
import { Faults } from '../../src/local/api/faults.ts'
import { type Action, ApiError, type Call, type Caller, type Cloud } from '../../src/local/cloud.ts'
import { registryHandler } from '../../src/local/registry/distribution.ts'
import { ecr } from '../../src/local/registry/ecr.ts'
import { createStore } from '../../src/local/store.ts'

const accountId = '000000000000'

export const owner: Caller = { accountId, arn: `arn:aws:iam::${accountId}:root`, accessKeyId: 'AKIAOWNER' }

/** A role that may pull and nothing else. */
export const puller: Caller = {
  accountId,
  arn: `arn:aws:sts::${accountId}:assumed-role/puller/i-1`,
  accessKeyId: 'ASIAPULLER',
  role: 'puller',
}

const pullActions = ['ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']

export interface RunningRegistry {
  readonly cloud: Cloud
  readonly origin: string
  readonly host: string
  readonly folder: string
  /** The `Authorization` header of this caller. */
  authorization(caller?: Caller): string
  /** Calls an ECR action as the caller. */
  // biome-ignore lint/suspicious/noExplicitAny: each answer has a shape of its own, as in the API
  call(action: string, input: object, caller?: Caller): any
  /** The requests so far: `HEAD /v2/…`. */
  readonly requests: string[]
  /** Answers instead of the registry, when it returns true: for what a network or an overloaded registry does. */
  interfere(with_: (req: http.IncomingMessage, res: http.ServerResponse) => boolean): void
  /** A fresh handler over the same folder and store, as after a kill. */
  restart(): void
  close(): Promise<void>
}

export async function startRegistry(): Promise<RunningRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'))
  const store = createStore(join(folder, 'store.db'))
  const callers = new Map<string, Caller>()
  const requests: string[] = []
  let interfering = (_req: http.IncomingMessage, _res: http.ServerResponse): boolean => false
  let handler = async (_req: http.IncomingMessage, _res: http.ServerResponse): Promise<void> => undefined
  const server = http.createServer((req, res) => {
    requests.push(`${req.method} ${req.url}`)
    if (interfering(req, res)) return
    handler(req, res).catch((error) => {
      console.error(error)
      res.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const cloud: Cloud = {
    store,
    machines: undefined as unknown as Cloud['machines'],
    folder,
    endpoint: `http://${host}`,
    region: 'us-east-1',
    accountId,
    roleCredentials: () => undefined,
    registryCaller: (password) => {
      const caller = callers.get(password)
      return caller && { caller, region: cloud.region }
    },
    registryPassword(caller) {
      const password = randomUUID()
      callers.set(password, caller)
      return { password, expiresAt: new Date(Date.now() + 43_200_000) }
    },
    authorize(caller, action, resource) {
      if (caller.role === undefined || pullActions.includes(action)) return
      throw new ApiError('AccessDenied', `${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`, 403)
    },
  }
  handler = registryHandler(cloud, new Faults())
  return {
    cloud,
    origin: cloud.endpoint,
    host,
    folder,
    requests,
    authorization: (caller = owner) =>
      `Basic ${Buffer.from(`AWS:${cloud.registryPassword(caller, cloud.region).password}`).toString('base64')}`,
    call(action, input, caller = owner) {
      const call: Call = { cloud: inRegion(cloud, cloud.region), caller, action, requestId: randomUUID() }
      return (ecr[action] as Action)(input, call)
    },
    interfere(with_) {
      interfering = with_
    },
    restart() {
      handler = registryHandler(cloud, new Faults())
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The error that an answer under /v2/ tells. */
export async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  const { errors } = (await response.json()) as { errors: [{ code: string; message: string }] }
  return errors[0]
}
