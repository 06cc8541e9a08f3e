import type { Diagnostics } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

/** What the kit answers to everybody, whatever a service demands. */
const open = ['/health', '/ready']

/**
 * Finds services that could never get healthy, because their health checks, which bring no token, would be refused; and
 * proxies that everybody could be.
 */
export function checkAccess(config: Draft, diagnostics: Diagnostics): void {
  for (const [name, { auth, health, trustProxy }] of servicesOf(config)) {
    if (auth === 'token' && health !== undefined && !open.includes(health))
      diagnostics.statement(['services', name, 'health'], `${health} beside auth: "token"`, `${open.join(' or ')}, which need no token`)
    for (const [index, block] of (trustProxy ?? []).entries())
      if (block?.endsWith('/0'))
        diagnostics.value(
          ['services', name, 'trustProxy', index],
          block,
          'the blocks of your own proxies: from any other, anybody could claim to be anybody',
        )
  }
}
