import { BlockList } from 'node:net'

/** Whether an IPv4 block holds an address. */
export function admits(cidr: string, address: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/')
  const block = new BlockList()
  block.addSubnet(base, Number(bits))
  return block.check(address)
}

/** Whether an IPv4 block holds an address of the loopback, 127.0.0.0/8. */
export function overlapsLoopback(cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/')
  return Number(bits) <= 8 ? admits(cidr, '127.0.0.1') : admits('127.0.0.0/8', base)
}
