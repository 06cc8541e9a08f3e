import { closure } from '../../src/aws/graph/graph.ts'
import type { AnyResource, Context } from '../../src/aws/graph/resource.ts'

/** Which of these resources exist: name → output. Throws when one of the look-ups failed. */
export async function find(targets: readonly AnyResource[], context: Context): Promise<Map<string, unknown>> {
  const found = await Promise.all(closure(targets).map(async (resource) => [resource.name, await resource.find(context)] as const))
  return new Map(found.filter(([, out]) => out !== undefined))
}
