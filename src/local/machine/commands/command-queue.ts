import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Store } from '../../cloud.ts'
import { readWhole, writeWhole } from '../../files/whole.ts'
import type { Invocation } from '../../records.ts'
import { instanceFolder, type Outcome, type Request } from '../folder.ts'

/** The id under which an invocation is stored. */
export function invocationId(commandId: string, instanceId: string): string {
  return `${commandId}/${instanceId}`
}

/** Whether an invocation has not ended yet. */
export function unfinished({ Status }: Invocation): boolean {
  return Status === 'Pending' || Status === 'InProgress' || Status === 'Delayed' || Status === 'Cancelling'
}

/** Carries Run Commands to the agents, and what became of them back into the store. */
export function createCommandQueue(cloud: Cloud) {
  const { store } = cloud
  /** Invocations that have not ended, as far as they have been looked for. */
  let known: Set<string> | undefined
  const delivered = new Set<string>()
  /** Why those that could not be carried are not, so that the log says it once. */
  const troubled = new Map<string, string>()

  /** Looks into the store for invocations that are not yet known here. */
  const open = () => {
    known ??= new Set()
    for (const invocation of store.list('invocation')) if (unfinished(invocation)) known.add(idOf(invocation))
  }

  const deliver = (invocation: Invocation) => {
    const folder = instanceFolder(cloud.folder, invocation.InstanceId)
    writeWhole(join(folder.inbox, `${invocation.CommandId}.json`), requestOf(invocation))
    delivered.add(idOf(invocation))
  }

  const collectOne = (id: string, online: (instanceId: string) => unknown) => {
    const invocation = store.get('invocation', id)
    if (!invocation || !unfinished(invocation)) {
      known?.delete(id)
      troubled.delete(id)
      delivered.delete(id)
      return
    }
    const folder = instanceFolder(cloud.folder, invocation.InstanceId)
    const answer = join(folder.outbox, `${invocation.CommandId}.json`)
    const connected = online(invocation.InstanceId) !== undefined
    // What an agent has to say waits with it until it has a connection again.
    const outcome = connected ? readWhole<Outcome>(answer) : undefined
    if (outcome) {
      settle(store, id, outcome)
      if (outcome.ended !== undefined) rmSync(answer, { force: true })
    } else if (invocation.Status === 'Pending') {
      if (delivered.has(id)) return
      if (Date.now() > invocation.DeliverBefore) giveUp(store, id, 'TimedOut', 'Delivery Timed Out')
      else if (connected) deliver(invocation)
      else if (invocation.SentWhileLost) giveUp(store, id, 'Failed', 'Undeliverable')
    }
  }

  return {
    open,

    /** Delivers what can be delivered, collects what has come back, gives up what is overdue. */
    collect(online: (instanceId: string) => unknown): void {
      if (!known) open()
      for (const id of known ?? []) {
        try {
          collectOne(id, online)
        } catch (error) {
          // A full disk, mostly: it is tried again at the next look, and must not hold up the others.
          if (troubled.get(id) !== String(error)) console.error(`command ${id}: ${(error as Error).message}; it is tried again`)
          troubled.set(id, String(error))
        }
      }
    },

    cancel(commandId: string, instanceId: string): void {
      const { inbox, commands } = instanceFolder(cloud.folder, instanceId)
      const handedOver = existsSync(join(inbox, `${commandId}.json`)) || existsSync(join(commands, commandId))
      if (handedOver) writeWhole(join(inbox, `${commandId}.cancel`), {})
      else giveUp(store, invocationId(commandId, instanceId), 'Cancelled', 'Cancelled')
    },

    /** An instance has been switched off: what it had not finished has failed. */
    instanceEnded(instanceId: string): void {
      if (!known) open()
      const folder = instanceFolder(cloud.folder, instanceId)
      for (const id of known ?? []) {
        if (!id.endsWith(`/${instanceId}`)) continue
        // It may have finished just before its machine ended.
        const outcome = readWhole<Outcome>(join(folder.outbox, `${id.split('/')[0]}.json`))
        if (outcome) settle(store, id, outcome)
        const invocation = store.get('invocation', id)
        if (invocation?.Status === 'Pending') giveUp(store, id, 'Failed', 'Undeliverable')
        else if (invocation && unfinished(invocation)) giveUp(store, id, 'Failed', 'Failed')
      }
      for (const name of existsSync(folder.inbox) ? readdirSync(folder.inbox) : []) rmSync(join(folder.inbox, name), { force: true })
    },
  }
}

const idOf = ({ CommandId, InstanceId }: Invocation) => invocationId(CommandId, InstanceId)

function requestOf({ CommandId, Parameters }: Invocation): Request {
  const workingDirectory = Parameters.workingDirectory?.[0]
  return {
    commandId: CommandId,
    commands: Parameters.commands ?? [],
    // AWS-RunShellScript's own default is an hour.
    timeoutSeconds: Number(Parameters.executionTimeout?.[0] ?? 3600),
    ...(workingDirectory && { workingDirectory }),
  }
}

/** Puts what the agent has reported into the store. */
function settle(store: Store, id: string, outcome: Outcome): void {
  change(store, id, ({ Status }) => {
    if (outcome.ended === undefined && Status !== 'Pending') return {}
    return {
      Status: outcome.status,
      StatusDetails: outcome.details,
      ResponseCode: outcome.code,
      ExecutionStartDateTime: outcome.started,
      ...(outcome.ended !== undefined && { ExecutionEndDateTime: outcome.ended }),
      StandardOutputContent: outcome.stdout,
      StandardErrorContent: outcome.stderr,
    }
  })
}

/** Ends an invocation of which nothing more will be heard. */
function giveUp(store: Store, id: string, Status: 'TimedOut' | 'Failed' | 'Cancelled', StatusDetails: string): void {
  change(store, id, ({ InstanceId, ExecutionStartDateTime }) => {
    const ended = { Status, StatusDetails, ResponseCode: -1 }
    if (ExecutionStartDateTime === undefined) return ended
    const StandardErrorContent = `The instance ${InstanceId} was switched off or ended while the command ran; its output is lost.`
    return { ...ended, ExecutionEndDateTime: new Date().toISOString(), StandardErrorContent }
  })
}

/** Changes an invocation that has not ended. */
function change(store: Store, id: string, edit: (present: Invocation) => Partial<Invocation>): void {
  store.transaction(() => {
    const invocation = store.get('invocation', id)
    if (invocation && unfinished(invocation)) store.put('invocation', id, { ...invocation, ...edit(invocation) })
  })
}
