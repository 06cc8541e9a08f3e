import { internetGateway } from '../../../src/aws/resources/internet-gateway.ts'
import { publicSubnets } from '../../../src/aws/resources/public-subnets.ts'
import { subnet } from '../../../src/aws/resources/subnet.ts'
import { vpc } from '../../../src/aws/resources/vpc.ts'
import type { ownerNamed } from '../../support/cloud.ts'

/** The network of an owner, with a subnet in each of two zones of the test cloud's region. */
export function networkOf(owner: ReturnType<typeof ownerNamed>) {
  const theVpc = vpc({ tags: owner.of('vpc'), cidr: '10.0.0.0/16' })
  const inZone = (name: string, cidr: string, zone: string) =>
    subnet({ tags: owner.of(name), name, cidr, zone: async () => zone, vpc: theVpc })
  const first = inZone('subnet-1', '10.0.0.0/24', 'eu-west-1a')
  const second = inZone('subnet-2', '10.0.1.0/24', 'eu-west-1b')
  const gateway = internetGateway({ tags: owner.of('gateway'), vpc: theVpc })
  return { vpc: theVpc, first, second, gateway, subnets: publicSubnets({ vpc: theVpc, first, second, gateway }) }
}
