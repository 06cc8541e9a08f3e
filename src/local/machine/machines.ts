import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Machines } from '../cloud.ts'
import { giveOwnAddresses, publicAddress } from '../ec2/instances/public-address.ts'
import { writeWhole } from '../files/whole.ts'
import { createForwarder } from '../forwarder/forwarder.ts'
import { createRestarts, type Restarts } from '../process/restarts.ts'
import type { Instance } from '../records.ts'
import { createCommandQueue } from './commands/command-queue.ts'
import { removeTraces, sweepTraces } from './dockerd/traces.ts'
import { instanceFolder, memoryFolder, rebootWish } from './folder.ts'
import { associations, forwardings } from './forwarding.ts'
import { killAll } from './process-table.ts'
import { createSupervisor, type Supervisor } from './supervisor.ts'
import { createAgentConnections } from './way-out.ts'

/** How often the machine room looks by itself, in ms: what no notification tells is noticed within this time. */
const lookEvery = 500

/**
 * How long a machine may leave a reboot undone before its power is cut, in ms: one whose agent hangs never does it. On
 * AWS it is a few minutes (EC2 API, `RebootInstances`: a hard reboot).
 */
const rebootPatience = 10_000

/**
 * The machine room: makes processes, forwarded ports and Run Commands match what the store says, whatever has happened
 * meanwhile to either side. It compares and corrects; it never relies on having seen an event.
 */
export function createMachines(cloud: Cloud): Machines {
  const { store } = cloud
  const supervisors = new Map<string, Supervisor>()
  const forwarder = createForwarder(cloud.folder, wake)
  const agents = createAgentConnections(cloud)
  const commandQueue = createCommandQueue(cloud)
  let first = true
  let closed = false
  let work: Promise<void> | undefined
  let again = false

  const supervisor = (instanceId: string): Supervisor => {
    const found = supervisors.get(instanceId) ?? createSupervisor(cloud, instanceId, wake)
    supervisors.set(instanceId, found)
    return found
  }

  /** Changes an instance's record, provided that it still is in the state in which we looked at it. */
  const change = (instance: Instance, to: Partial<Instance>): boolean =>
    store.transaction(() => {
      const now = store.get('instance', instance.InstanceId)
      if (now?.State !== instance.State) return false
      store.put('instance', instance.InstanceId, { ...now, ...to })
      return true
    })

  const boot = async (instance: Instance) => {
    const machine = supervisor(instance.InstanceId)
    const state = machine.state()
    if (state === 'ready') {
      if (change(instance, { State: 'running', Ran: true })) again = true
      return
    }
    if (state === 'booting') return
    if (starting.has(instance.InstanceId)) return await failed(instance, machine)
    starting.add(instance.InstanceId)
    machine.refresh(instance, publicAddress(store, instance))
    machine.start(instance)
  }
  /** Those that this machine room has tried to start. */
  const starting = new Set<string>()

  /**
   * A machine that does not come up is terminated, as AWS does with one that fails to launch; one that has run before
   * is stopped, with all that it has.
   */
  const failed = async (instance: Instance, machine: Supervisor) => {
    console.error(`the machine of ${instance.InstanceId} ended while it booted:\n${machine.log().join('\n')}`)
    await machine.kill()
    await removeTraces(instance.InstanceId)
    starting.delete(instance.InstanceId)
    const reason = machine.failure()
    const Message = `Server.InternalError: Internal error on launch${reason === undefined ? '' : `: ${reason}`}`
    const StateReason = { Code: 'Server.InternalError', Message }
    if (instance.Ran) return await off(instance, 'stopped', { StateReason })
    change(instance, { State: 'terminated', StateReason, TerminatedAt: Date.now() })
  }

  const run = async (instance: Instance) => {
    const machine = supervisor(instance.InstanceId)
    starting.delete(instance.InstanceId)
    if (machine.state() === 'dead') return await recover(instance, machine)
    machine.refresh(instance, publicAddress(store, instance))
    if (online(instance.InstanceId) && !instance.AgentRegistered) change(instance, { AgentRegistered: true })
    const wish = statSync(rebootWish(instanceFolder(cloud.folder, instance.InstanceId)), { throwIfNoEntry: false })
    if (wish === undefined || Date.now() - wish.mtimeMs < rebootPatience) return
    console.error(`the machine of ${instance.InstanceId} does not reboot by itself; its power is cut`)
    // It is dead at the next look, and recovered.
    await powerOff(instance.InstanceId)
    again = true
  }

  /**
   * Starts the machine of an instance that runs again, with its disk, its addresses and its containers: it has ended
   * alone, or with this computer, or was ended with the cloud. AWS brings an instance back by itself likewise (EC2 User
   * Guide, "Automatic instance recovery"), and what was only in its memory is lost there as well.
   */
  const recover = async (instance: Instance, machine: Supervisor) => {
    const { InstanceId } = instance
    const recovery = recoveries.get(InstanceId) ?? createRestarts()
    recoveries.set(InstanceId, recovery)
    if (!recovery.due()) return
    console.error(
      `the machine of ${InstanceId} does not run; it is started again${recovery.first() ? `:\n${machine.log().join('\n')}` : ''}`,
    )
    recovered.add(InstanceId)
    await powerOff(InstanceId)
    machine.refresh(instance, publicAddress(store, instance))
    machine.start(instance)
  }
  const recovered = new Set<string>()
  const recoveries = new Map<string, Restarts>()

  /** Ends all that runs on an instance, and takes away what was in its memory. */
  const powerOff = async (instanceId: string) => {
    await supervisor(instanceId).kill()
    agents.forget(instanceId)
    commandQueue.instanceEnded(instanceId)
    rmSync(memoryFolder(instanceFolder(cloud.folder, instanceId), instanceId), { recursive: true, force: true })
    await removeTraces(instanceId)
  }

  const off = async (instance: Instance, State: 'stopped' | 'terminated', also: Partial<Instance> = {}) => {
    const { InstanceId } = instance
    await powerOff(InstanceId)
    supervisors.get(InstanceId)?.detach()
    supervisors.delete(InstanceId)
    starting.delete(InstanceId)
    recoveries.delete(InstanceId)
    if (State === 'terminated') rmSync(instanceFolder(cloud.folder, InstanceId).path, { recursive: true, force: true })
    change(instance, { State, ...also, ...(State === 'terminated' && { TerminatedAt: Date.now() }) })
    again = true
  }

  /** What a cloud that was killed has left: machines that the store no longer knows, or knows as switched off. */
  const tidy = async (instances: Instance[]) => {
    await sweepTraces()
    const folder = join(cloud.folder, 'instances')
    const states = new Map(instances.map((instance) => [instance.InstanceId, instance.State]))
    for (const instanceId of existsSync(folder) ? readdirSync(folder) : []) {
      const state = states.get(instanceId) ?? 'terminated'
      if (state !== 'stopped' && state !== 'terminated') continue
      await killAll(instanceId)
      await removeTraces(instanceId)
      rmSync(memoryFolder(instanceFolder(cloud.folder, instanceId), instanceId), { recursive: true, force: true })
      if (state === 'terminated') rmSync(join(folder, instanceId), { recursive: true, force: true })
    }
  }

  const steps: Partial<Record<Instance['State'], (instance: Instance) => Promise<void>>> = {
    pending: boot,
    running: run,
    stopping: (instance) => off(instance, 'stopped'),
    'shutting-down': (instance) => off(instance, 'terminated'),
  }

  const look = async () => {
    const instances = store.list('instance')
    if (first) await tidy(instances)
    await Promise.all(
      instances.map(async (instance) => {
        try {
          await steps[instance.State]?.(instance)
        } catch (error) {
          console.error(`instance ${instance.InstanceId}:`, error)
        }
      }),
    )
    first = false
    giveOwnAddresses(cloud)
    commandQueue.collect(online)
    forwarder.apply({ forwardings: forwardings(store), associations: associations(store) })
  }

  function wake(): void {
    again = true
    if (closed) return
    work ??= (async () => {
      while (again && !closed) {
        again = false
        try {
          await look()
        } catch (error) {
          console.error('machine room:', error)
        }
      }
    })().finally(() => {
      work = undefined
      if (again && !closed) wake()
    })
  }

  const agentOf = (instanceId: string) => {
    const instance = store.get('instance', instanceId)
    const agent = instance?.State === 'running' ? supervisors.get(instanceId)?.online() : undefined
    return instance && agent && { ...agent, connected: agents.connected(instance), registered: instance.AgentRegistered === true }
  }
  const online = (instanceId: string) => {
    const { connected = false, since = '', lastPing = '' } = agentOf(instanceId) ?? {}
    return connected ? { since, lastPing } : undefined
  }

  const detach = async () => {
    closed = true
    clearInterval(timer)
    await work
    for (const machine of supervisors.values()) machine.detach()
  }

  const timer = setInterval(wake, lookEvery)
  timer.unref()

  return {
    reconcile: wake,
    deliver() {
      commandQueue.open()
      wake()
    },
    cancel: commandQueue.cancel,
    reboot: (instanceId) => writeWhole(rebootWish(instanceFolder(cloud.folder, instanceId)), {}),
    online,
    lost(instanceId) {
      const { connected, registered, since = '', lastPing = '' } = agentOf(instanceId) ?? {}
      return registered && !connected ? { since, lastPing } : undefined
    },
    async taken(address, ports) {
      // The forwarder must have been told what has been committed.
      await work
      return forwarder.taken(address, ports)
    },
    refused: forwarder.refused,
    recovered: (instanceId) => recovered.has(instanceId),
    impaired(instanceId) {
      const instance = store.get('instance', instanceId)
      if (instance?.State !== 'running') return undefined
      const machine = supervisor(instanceId)
      if (machine.state() === 'ready') return undefined
      const [since, why] = [machine.lastReady() ?? instance.LaunchTime, machine.failure()]
      return { since, ...(why !== undefined && { why }) }
    },
    detach,
    async close() {
      await detach()
      await forwarder.close()
      for (const instance of store.list('instance')) {
        const { InstanceId, State } = instance
        if (State === 'terminated' || State === 'stopped') continue
        try {
          if (State === 'shutting-down') await off(instance, 'terminated')
          else if (State === 'stopping') await off(instance, 'stopped')
          // It runs again with the next cloud, as after a power cut.
          else await powerOff(InstanceId)
        } catch (error) {
          console.error(`instance ${InstanceId}:`, error)
        }
      }
    },
  }
}
