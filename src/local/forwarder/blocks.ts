/** Whether an IPv4 block holds an address. */
export function admits(cidr: string, address: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/')
  const mask = Number(bits) === 0 ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0
  return (number(base) & mask) === (number(address) & mask)
}

/** Whether an IPv4 block holds an address of the loopback, 127.0.0.0/8. */
export function overlapsLoopback(cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/')
  return Number(bits) <= 8 ? admits(cidr, '127.0.0.1') : admits('127.0.0.0/8', base)
}

function number(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}
