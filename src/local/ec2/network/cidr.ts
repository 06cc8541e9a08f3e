import { ApiError } from '../../cloud.ts'

/** An IPv4 block: its first address as a number, and how many bits are fixed. */
export interface Block {
  readonly first: number
  readonly bits: number
  readonly size: number
}

/**
 * Reads `10.0.0.0/16`. Throws ApiError as AWS does; the address is cut to its block, as AWS cuts it for VPCs and
 * subnets.
 */
export function parseCidr(text: string, parameter = 'cidrBlock'): Block {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = (match ?? []).slice(1).map(Number)
  if (!match || [a, b, c, d].some((part) => part > 255) || bits > 32)
    throw new ApiError('InvalidParameterValue', `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`)
  const size = 2 ** (32 - bits)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  return { first: address - (address % size), bits, size }
}

export function formatCidr({ first, bits }: Block): string {
  return `${[24, 16, 8, 0].map((shift) => (first / 2 ** shift) & 255).join('.')}/${bits}`
}

export function contains(outer: Block, inner: Block): boolean {
  return inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size
}

export function overlaps(a: Block, b: Block): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size
}
