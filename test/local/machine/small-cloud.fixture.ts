import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Call, type Caller, type Cloud, type Machines } from '../../../src/local/cloud.ts'
import { runCommand } from '../../../src/local/machine/commands/run-command.ts'
import { createMachines } from '../../../src/local/machine/machines.ts'
import { processesOf } from '../../../src/local/machine/process-table.ts'
import { renderJson } from '../../../src/local/protocol/json.ts'
import type { Instance, Permission } from '../../../src/local/records.ts'
import { createStore } from '../../../src/local/store.ts'

/**
 * The machine room with a real store, without the control plane around it: records are put into the store as the calls
 * would.
 */
export interface SmallCloud {
  readonly cloud: Cloud
  readonly user: Caller
  /** Puts a pending instance into the store and reconciles. */
  launch(also?: Partial<Instance>): string
  /** Puts a security group into the store. */
  group(id: string, ...ingress: Permission[]): void
  instance(id: string): Instance
  running(id: string): Promise<void>
  online(id: string): Promise<void>
  terminate(id: string): Promise<void>
  /** Calls an action of Systems Manager. */
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are AWS's
  ssm(action: string, input: object, caller?: Caller): any
  /** Sends a script and waits for its end. */
  // biome-ignore lint/suspicious/noExplicitAny: GetCommandInvocation's answer
  sh(id: string, script: string, parameters?: Record<string, string[]>): Promise<any>
  /** The machine room is dropped as by a kill of the cloud, and another one takes over. */
  restart(): Promise<void>
  /** Ends everything, removes the folder, and fails when a process is left. */
  end(): Promise<void>
}

/** @param endpoint what the instances are told the cloud's endpoint is */
export function createSmallCloud({ endpoint = 'http://127.0.0.1:9', denied = [] as string[] } = {}): SmallCloud {
  const folder = mkdtempSync(join(tmpdir(), 'machine-room-'))
  const store = createStore(join(folder, 'store.db'))
  const accountId = '000000000000'
  const user: Caller = { accountId, arn: `arn:aws:iam::${accountId}:root`, accessKeyId: 'AKIATEST' }
  const base = {
    store,
    folder,
    endpoint,
    region: 'ap-southeast-1',
    accountId,
    roleCredentials: (arn: string) =>
      arn.endsWith('/none')
        ? undefined
        : {
            AccessKeyId: 'ASIATEST',
            SecretAccessKey: 'secret',
            Token: 'token',
            Expiration: new Date(Date.now() + 3_600_000).toISOString(),
            RoleName: 'test-role',
          },
    registryCaller: () => undefined,
    registryPassword: () => ({ password: '', expiresAt: new Date() }),
    authorize(caller: Caller, action: string) {
      if (caller.role && denied.includes(action)) throw new ApiError('AccessDeniedException', `not authorized to perform ${action}`)
    },
  }
  let machines: Machines
  const cloud: Cloud = {
    ...base,
    get machines() {
      return machines
    },
  }
  machines = createMachines(cloud)
  const launched = new Set<string>()
  // Addresses are this machine's, so two tests at once must not take the same ones: processes that live together are
  // less than 15,500 apart. Clouds stay below 127.192.0.0.
  const number = process.pid % 15_500
  const block = `127.${192 + Math.floor(number / 250)}.${number % 250}`
  const publicBlock = `127.${2 + Math.floor(number / 250)}.${number % 250}`

  const small: SmallCloud = {
    cloud,
    user,
    launch(also = {}) {
      const InstanceId = `i-0${randomBytes(8).toString('hex')}`
      launched.add(InstanceId)
      store.put('instance', InstanceId, {
        InstanceId,
        ImageId: 'ami-0123456789abcdef0',
        InstanceType: 't3.micro',
        State: 'pending',
        LaunchTime: new Date().toISOString(),
        VpcId: 'vpc-1',
        SubnetId: 'subnet-1',
        SecurityGroupIds: ['sg-1'],
        PrivateIpAddress: `${block}.${launched.size}`,
        PublicIpAddress: `${publicBlock}.${launched.size}`,
        IamInstanceProfileArn: 'arn:aws:iam::000000000000:instance-profile/test',
        MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 1 },
        Tags: [],
        Region: base.region,
        Zone: 'a',
        Architecture: 'x86_64',
        ReservationId: 'r-1',
        Asked: '',
        DisableApiTermination: false,
        NetworkInterfaceId: 'eni-1',
        AttachmentId: 'eni-attach-1',
        NetworkInterfaceTags: [],
        VolumeId: 'vol-1',
        RootDeviceName: '/dev/xvda',
        VolumeTags: [],
        RootVolume: { Size: 8, VolumeType: 'gp3', Encrypted: false, DeleteOnTermination: true },
        ...also,
      })
      machines.reconcile()
      return InstanceId
    },
    group(GroupId, ...permissions) {
      const Ingress = permissions.map((each, index) => ({ ...each, SecurityGroupRuleId: `sgr-${index}`, Tags: [] }))
      store.put('securityGroup', GroupId, { GroupId, GroupName: GroupId, Description: '', VpcId: 'vpc-1', Ingress, Egress: [], Tags: [] })
      machines.reconcile()
    },
    instance: (id) => store.get('instance', id)!,
    running: (id) => until(() => small.instance(id).State === 'running', `${id} is running`),
    online: (id) => until(() => machines.online(id) !== undefined, `the agent of ${id} is online`),
    async terminate(id) {
      store.put('instance', id, { ...small.instance(id), State: 'shutting-down' })
      machines.reconcile()
      await until(() => small.instance(id).State === 'terminated', `${id} is terminated`)
    },
    ssm(action, input, caller = user) {
      const call: Call = { cloud, caller, action, requestId: 'test' }
      return JSON.parse(renderJson(runCommand[action]!(input, call)))
    },
    async sh(id, script, parameters = {}) {
      const { Command } = small.ssm('SendCommand', {
        DocumentName: 'AWS-RunShellScript',
        InstanceIds: [id],
        Parameters: { commands: script.split('\n'), ...parameters },
      })
      const get = () => small.ssm('GetCommandInvocation', { CommandId: Command.CommandId, InstanceId: id })
      await until(() => !['Pending', 'InProgress', 'Cancelling'].includes(get().Status), `the command ends: ${script}`)
      return get()
    },
    async restart() {
      await machines.detach()
      machines = createMachines(cloud)
      machines.reconcile()
    },
    async end() {
      await machines.close()
      store.close()
      rmSync(folder, { recursive: true, force: true })
      const left = [...launched].flatMap(processesOf)
      if (left.length > 0) throw new Error(`processes ${left.join(', ')} are left behind`)
    },
  }
  return small
}

/** Waits for a condition, up to 30 s: beside other tests an engine takes many of them to start. */
export async function until(condition: () => unknown, what: string): Promise<void> {
  for (const giveUp = Date.now() + 30_000; ; ) {
    if (await condition()) return
    if (Date.now() > giveUp) throw new Error(`waited 30 s in vain until ${what}`)
    await sleep(10)
  }
}
