import type { Clients } from '../clients.ts'

/**
 * The type of a family that has the least memory among those that have enough of it, of all that AWS offers in the
 * region.
 *
 * @param family what stands before the dot: `t3`
 * @param enough whether so many MiB of memory are enough
 * @returns its name; undefined where none of the family has enough
 */
export async function smallestType(clients: Clients, family: string, enough: (memoryMiB: number) => boolean): Promise<string | undefined> {
  const { paginateDescribeInstanceTypes } = await import('@aws-sdk/client-ec2')
  const found: { name: string; memoryMiB: number }[] = []
  const filter = { Filters: [{ Name: 'instance-type', Values: [`${family}.*`] }] }
  for await (const page of paginateDescribeInstanceTypes({ client: await clients.ec2() }, filter))
    for (const type of page.InstanceTypes ?? []) {
      const memoryMiB = type.MemoryInfo!.SizeInMiB!
      if (enough(memoryMiB)) found.push({ name: type.InstanceType!, memoryMiB })
    }
  return found.toSorted((a, b) => a.memoryMiB - b.memoryMiB || a.name.localeCompare(b.name))[0]?.name
}
