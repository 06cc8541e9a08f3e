import type { Diagnostics, KeyPath } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

/**
 * Finds CIDR blocks with an address inside the block where the block's own belongs. EC2 would keep such a rule under
 * another name than the config's, and one of the two is a slip: `203.0.113.7/24` lets in 256 addresses where probably
 * one was meant.
 */
export function checkNetworks(config: Draft, diagnostics: Diagnostics): void {
  for (const [name, { expose, trustProxy }] of servicesOf(config)) {
    checkBlocks(['services', name, 'expose'], expose, diagnostics)
    checkBlocks(['services', name, 'trustProxy'], trustProxy, diagnostics)
  }
  if (config.monitoring) checkBlocks(['monitoring', 'expose'], config.monitoring.expose, diagnostics)
}

function checkBlocks(path: KeyPath, expose: string | readonly (string | undefined)[] | undefined, diagnostics: Diagnostics): void {
  if (typeof expose !== 'object') return
  for (const [index, block] of expose.entries()) {
    const network = block && networkOf(block)
    if (network && network !== block) {
      diagnostics.value([...path, index], block, `${network} for the whole network, or ${block.split('/')[0]}/32 for the one address`)
    }
  }
}

/** `203.0.113.7/24` → `203.0.113.0/24` */
function networkOf(block: string): string {
  const [address = '', prefix = ''] = block.split('/')
  const bits = address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
  const size = 2 ** (32 - Number(prefix))
  const first = bits - (bits % size)
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${prefix}`
}
