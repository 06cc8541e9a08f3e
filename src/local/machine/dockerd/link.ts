import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onPath } from '../../../report/on-path.ts'

/**
 * How many addresses the network of an instance has: its own, the host's at the other end, and the two that no network
 * may give away.
 */
const size = 4

/**
 * The host's address at the other end of the cable of an instance.
 *
 * @param address the instance's, the third of the four that its network has
 */
export function hostEnd(address: string): string {
  const [last = 0, ...rest] = address.split('.').map(Number).reverse()
  if (last % size !== 2) throw new Error(`${address} is not the third address of a network of ${size}`)
  return [last - 1, ...rest].reverse().join('.')
}

/** The commands that lay a cable between this machine and the network namespace of a process, as words. */
export function linkCommands({ link, address, pid }: { link: string; address: string; pid: number }): string[][] {
  const inside = ['nsenter', `--net=/proc/${pid}/ns/net`, 'ip']
  return [
    ['ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)],
    ['ip', 'address', 'add', `${hostEnd(address)}/30`, 'dev', link],
    ['ip', 'link', 'set', link, 'up'],
    [...inside, 'address', 'add', `${address}/30`, 'dev', 'eth0'],
    [...inside, 'link', 'set', 'eth0', 'up'],
  ]
}

/**
 * Lays the cable: from then on the instance's address is a real interface there, reachable from this machine and from
 * the instance's containers.
 *
 * @param pid a process in the instance's network namespace
 * @throws Error in the words of `ip`, or when this machine reaches the address by another way
 */
export async function layLink(cable: { link: string; address: string; pid: number }): Promise<void> {
  for (const words of linkCommands(cable)) await command(words)
  const route = await command(['ip', 'route', 'get', cable.address])
  if (!route.includes(` dev ${cable.link} `))
    throw new Error(`this machine reaches ${cable.address} by another way: ${route.split('\n')[0]}`)
}

async function command([program = '', ...args]: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(onPath(program) ?? program, args)
  return stdout
}
