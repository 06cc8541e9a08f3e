import type { Clients } from '../clients.ts'

/**
 * The name of what an owner has in IAM, which is the same in all regions: so it carries the region. IAM takes 64
 * characters for a role (CreateRole), and the longest names of an app (32), a stage (16) and a region (14) make 64.
 */
export function regionalName(clients: Clients, name: string): string {
  return `${name}-${clients.access.region}`
}

/** The region in a name that `regionalName` has put together for this owner; undefined for every other name. */
export function regionIn(regional: string, name: string): string | undefined {
  const [, region] = regional.startsWith(`${name}-`)
    ? (/^([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})$/.exec(regional.slice(name.length + 1)) ?? [])
    : []
  return region
}
