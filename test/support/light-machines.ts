import { createServer, type RequestListener, type Server } from 'node:http'
import type { Cloud, Machines } from '../../src/local/cloud.ts'
import { invocationId } from '../../src/local/machine/commands/command-queue.ts'
import type { Instance } from '../../src/local/records.ts'

/**
 * A machine room in which booting, Run Command and ending take no time, and a launched machine answers on one port: so
 * that thousands of deploys can be cut off at every call. Everything else of the cloud is the real one; with real
 * machines a few of the same moments are tested.
 */
export function lightMachines(port: number, bootMs = 0): (cloud: Cloud) => Machines {
  return (cloud) => {
    const { store } = cloud
    const launched = new Set<string>()
    const servers = new Map<string, Server>()

    const instanceAt = (address: string | undefined): Instance | undefined => {
      const elastic = store.list('address').find(({ PublicIp }) => PublicIp === address)
      if (elastic) return elastic.InstanceId ? store.get('instance', elastic.InstanceId) : undefined
      return store.list('instance').find(({ PublicIpAddress }) => PublicIpAddress === address)
    }
    const answer: RequestListener = (request, response) => {
      const instance = instanceAt(request.socket.localAddress)
      if (instance?.State === 'running' && launched.has(instance.InstanceId)) response.end(instance.InstanceId)
      else request.socket.destroy()
    }
    const listen = (address: string) => {
      if (servers.has(address)) return
      servers.set(address, createServer({ keepAliveTimeout: 1 }, answer).listen(port, address))
    }
    const end = (address: string) => {
      servers.get(address)?.close()
      servers.delete(address)
    }

    return {
      reconcile() {
        for (const instance of store.list('instance')) {
          const { InstanceId, State, PublicIpAddress } = instance
          if (State === 'pending') {
            const runs = () => store.put('instance', InstanceId, { ...instance, State: 'running' })
            if (bootMs > 0) setTimeout(runs, bootMs)
            else runs()
          }
          if (State === 'shutting-down') {
            store.put('instance', InstanceId, { ...instance, State: 'terminated', TerminatedAt: Date.now() })
            if (PublicIpAddress) end(PublicIpAddress)
          } else if (State !== 'terminated' && PublicIpAddress) listen(PublicIpAddress)
        }
        for (const { PublicIp } of store.list('address')) listen(PublicIp)
      },
      deliver() {
        for (const invocation of store.list('invocation')) {
          const { CommandId, InstanceId, Status, Parameters } = invocation
          if (Status !== 'Pending') continue
          const launches = Parameters.commands?.some((line) => line.includes('Launches release'))
          if (launches) launched.add(InstanceId)
          const now = new Date().toISOString()
          store.put('invocation', invocationId(CommandId, InstanceId), {
            ...invocation,
            Status: 'Success',
            StatusDetails: 'Success',
            ResponseCode: 0,
            ExecutionStartDateTime: now,
            ExecutionEndDateTime: now,
            StandardOutputContent: launches ? '{"ok":true,"engine":"28.2.2","identified":[]}\n' : '',
          })
        }
      },
      cancel: () => undefined,
      reboot: () => undefined,
      online(instanceId) {
        const now = new Date().toISOString()
        return store.get('instance', instanceId)?.State === 'running' ? { since: now, lastPing: now } : undefined
      },
      taken: async () => [],
      lost: () => undefined,
      refused: () => [],
      impaired: () => undefined,
      recovered: () => false,
      async close() {
        for (const address of [...servers.keys()]) end(address)
      },
      async detach() {
        for (const address of [...servers.keys()]) end(address)
      },
    }
  }
}
