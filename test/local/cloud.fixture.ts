import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { EC2 } from '@aws-sdk/client-ec2'
import { IAM } from '@aws-sdk/client-iam'
import { ServiceQuotas } from '@aws-sdk/client-service-quotas'
import { SSM } from '@aws-sdk/client-ssm'
import { STS } from '@aws-sdk/client-sts'
import * as assert from 'uvu/assert'
import type { Faults } from '../../src/local/api/faults.ts'
import { holdPort } from '../../src/local/api/listen.ts'
import type { Cloud, Machines } from '../../src/local/cloud.ts'
import { createEmbeddedCloud } from '../../src/local/embedded-cloud.ts'
import type { Credentials } from '../../src/local/files/keys.ts'
import { openKeys } from '../../src/local/files/keys.ts'
import { openLog } from '../../src/local/process/log.ts'
import { createStore } from '../../src/local/store.ts'

export const region = 'eu-west-1'

/**
 * The control plane on a real port, with a machine room in which nothing moves: a test says itself when an instance
 * runs or is gone.
 */
export interface ControlPlane {
  readonly cloud: Cloud
  readonly faults: Faults
  readonly folder: string
  readonly endpoint: string
  readonly credentials: Credentials
  readonly ec2: EC2
  readonly iam: IAM
  readonly quotas: ServiceQuotas
  readonly ssm: SSM
  readonly sts: STS
  /** How often the machine room was told to look. */
  reconciled(): number
  /** Moves an instance to another state, as the machine room would. */
  move(instanceId: string, State: 'running' | 'terminated' | 'stopped'): void
  close(): Promise<void>
}

export async function openControlPlane({ oneAddress = false } = {}): Promise<ControlPlane> {
  const folder = mkdtempSync(path.join(tmpdir(), 'control-plane-'))
  const held = await holdPort(0)
  assert.ok(held)
  const { server, port } = held
  const endpoint = `http://127.0.0.1:${port}`
  const [keys, store, log] = [openKeys(folder), createStore(path.join(folder, 'cloud.db')), openLog(path.join(folder, 'cloud.log'))]
  let looks = 0
  const createMachines = (): Machines => ({
    reconcile: () => void looks++,
    deliver() {},
    cancel() {},
    reboot() {},
    online: () => undefined,
    lost: () => undefined,
    taken: async (_, ports) => ports.filter((each) => each === 1),
    refused: () => [],
    impaired: () => undefined,
    recovered: () => false,
    async close() {},
    async detach() {},
  })
  const engine = 'stand-in' as const
  const setting = { folder, endpoint, region, keys, store, log, version: 'test', oneAddress, engine, latencyMs: 0, stop() {} }
  const { cloud, listener, faults } = createEmbeddedCloud(setting, createMachines)
  server.on('request', listener)
  const options = { endpoint, region, credentials: keys.user, maxAttempts: 1 }
  const clients = {
    ec2: new EC2(options),
    iam: new IAM(options),
    quotas: new ServiceQuotas(options),
    ssm: new SSM(options),
    sts: new STS(options),
  }
  return {
    cloud,
    faults,
    folder,
    endpoint,
    credentials: keys.user,
    ...clients,
    reconciled: () => looks,
    move(instanceId, State) {
      const instance = store.get('instance', instanceId)
      assert.ok(instance)
      store.put('instance', instanceId, { ...instance, State, ...(State === 'terminated' ? { TerminatedAt: Date.now() } : {}) })
    },
    async close() {
      for (const client of Object.values(clients)) client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      store.close()
      log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The code and the message of AWS's refusal, `Code: message`; fails where the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    const { name, message } = error as Error
    return `${name}: ${message}`
  }
  throw new Error('this call should have been refused')
}

/** A VPC, a subnet in it, an attached gateway and a group, ready for instances. */
export async function network({ ec2 }: ControlPlane, CidrBlock = '10.0.0.0/16') {
  const { Vpc } = await ec2.createVpc({ CidrBlock })
  const VpcId = Vpc?.VpcId as string
  const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: CidrBlock.replace('/16', '/24') })
  const { InternetGateway } = await ec2.createInternetGateway({})
  const InternetGatewayId = InternetGateway?.InternetGatewayId as string
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId })
  const { GroupId } = await ec2.createSecurityGroup({ VpcId, GroupName: 'app', Description: 'for tests' })
  return { VpcId, SubnetId: Subnet?.SubnetId as string, InternetGatewayId, GroupId: GroupId as string }
}

/** The machine image that AWS's public parameter names. */
export async function machineImage({ ssm }: ControlPlane): Promise<string> {
  const { Parameter } = await ssm.getParameter({ Name: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64' })
  return Parameter?.Value as string
}
