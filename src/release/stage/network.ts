import { internetGateway } from '../../aws/resources/internet-gateway.ts'
import { publicSubnets } from '../../aws/resources/public-subnets.ts'
import { subnet } from '../../aws/resources/subnet.ts'
import { vpc } from '../../aws/resources/vpc.ts'
import type { ZoneChoice } from '../../aws/resources/zones.ts'
import { releaseOf, type StageId, stageTags } from './names.ts'

export type StageNetwork = ReturnType<typeof stageNetwork>

/**
 * The network of a stage, which outlives releases: one VPC with a public subnet in each of two zones, so that a machine
 * can be had where AWS has one free. A region with a single zone gets both subnets there.
 */
export function stageNetwork(id: StageId, zones: ZoneChoice) {
  const theVpc = vpc({ tags: stageTags(id, 'vpc'), cidr: '10.0.0.0/16' })
  const inZone = (index: number, cidr: string) => {
    const name = `subnet-${index + 1}`
    const zone = async () => (await zones())[index] ?? (await zones())[0]!
    return subnet({ tags: stageTags(id, name), name, cidr, zone, vpc: theVpc })
  }
  const subnets = { first: inZone(0, '10.0.0.0/24'), second: inZone(1, '10.0.1.0/24') }
  const gateway = internetGateway({ tags: stageTags(id, 'internet-gateway'), vpc: theVpc })
  return { vpc: theVpc, subnets: publicSubnets({ vpc: theVpc, ...subnets, gateway }) }
}

/** What a network of ours consists of, for people. */
export const networkParts = 'vpc, subnets in two zones, internet gateway'

/** Whether something that stands in a network belongs to the stage rather than to one of its releases. */
export function isOfStage(tags: Readonly<Record<string, string>>): boolean {
  return releaseOf(tags) === undefined
}
