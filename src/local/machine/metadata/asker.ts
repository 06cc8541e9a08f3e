import { execFile } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import { belongingTo, isUntold } from '../process-table.ts'
import { type End, holderInTable, holdersInList } from './connection-table.ts'

/**
 * Whether a connection from this computer's loopback comes from a program of the instance that may ask for what only
 * the machine itself may know. The user who holds the other end is looked at first, for nothing about that can be
 * pretended; then whether one of the processes that hold it belongs to the instance and is not in a container with a
 * network of its own, which is one hop farther than the service answers on AWS (`HttpPutResponseHopLimit` 1). Between
 * processes of one user this keeps order and does not protect: they can read each other's files and memory anyway.
 *
 * @returns false also when the other end has gone
 * @throws Error when the system does not tell who it is
 */
export async function comesFromInstance(socket: Socket, instanceId: string): Promise<boolean> {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (remoteAddress === undefined || remotePort === undefined || localPort === undefined) return false
  const [own, other]: [End, End] = [`${remoteAddress}:${remotePort}`, `${localAddress}:${localPort}`]
  const us = process.getuid?.()
  if (process.platform !== 'linux') {
    const pids = (await listed(own, other)).filter(({ uid }) => uid === us).map(({ pid }) => pid!)
    if (pids.length === 0) return false
    // What comes from the other end of a gate is brought by this very process.
    if (pids.includes(process.pid)) return true
    const members = new Set(belongingTo(instanceId))
    return pids.some((pid) => members.has(pid))
  }
  const holder = await tabled(own, other)
  if (holder === undefined || holder.uid !== us || holder.inode === undefined || holder.inode === '0') return false
  const wanted = `socket:[${holder.inode}]`
  return holds(process.pid, wanted) || belongingTo(instanceId).some((pid) => holds(pid, wanted))
}

async function tabled(own: End, other: End) {
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    try {
      const found = holderInTable(await readFile(file, 'latin1'), own, other)
      if (found) return found
    } catch (error) {
      // A kernel without version 6 of the protocol has no such table.
      if (file === '/proc/net/tcp' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}

/**
 * Without being root, lsof sees the processes of its own user only; the others are nobody's then, which is the same
 * answer.
 */
async function listed(own: End, other: End) {
  const words = ['-nP', `-iTCP@${own}`, '-Fpun']
  try {
    return holdersInList((await promisify(execFile)('lsof', words)).stdout, own, other)
  } catch (error) {
    // It ends with 1 when there is none.
    const { code, stdout = '' } = error as { code?: unknown; stdout?: string }
    if (code !== 1) throw error
    return holdersInList(stdout, own, other)
  }
}

/** Whether a process has this open; false also when it has gone, or is another user's. */
function holds(pid: number, wanted: string): boolean {
  const names = told(() => readdirSync(`/proc/${pid}/fd`)) ?? []
  return names.some((name) => told(() => readlinkSync(`/proc/${pid}/fd/${name}`)) === wanted)
}

function told<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (isUntold(error)) return undefined
    throw error
  }
}
