import { instance, type MachineSpec } from '../../aws/resources/instance.ts'
import { internetGateway } from '../../aws/resources/internet-gateway.ts'
import { routeTable } from '../../aws/resources/route-table.ts'
import { type OpenPort, securityGroup } from '../../aws/resources/security-group.ts'
import { subnet } from '../../aws/resources/subnet.ts'
import { vpc } from '../../aws/resources/vpc.ts'
import { ownerOf, type StageId, stackTags } from './names.ts'
import { type StageResources, stageResources } from './stage-resources.ts'

/** What a stack is made from; a stack that is only to be found or removed needs none of it. */
export interface Blueprint {
  readonly machine: MachineSpec
  /** The zone of the subnet; undefined leaves it to AWS. */
  readonly zone: string | undefined
  readonly open: readonly OpenPort[]
}

export type Stack = ReturnType<typeof stack>

/** For stacks that exist: nothing of it is read unless something is created. */
const noBlueprint: Blueprint = { machine: { imageId: '', types: [], diskGiB: 0, credits: {}, userData: '' }, zone: undefined, open: [] }

/**
 * The resources of one release. Every release has a network of its own, so that it can come up beside the one that
 * serves, and go as a whole. The networks never meet: all of them use the same addresses.
 */
export function stack(id: StageId, release: number, profile: StageResources['profile'], blueprint: Blueprint) {
  const tags = (resource: string) => stackTags(id, release, resource)
  const theVpc = vpc({ tags: tags('vpc'), cidr: '10.0.0.0/16' })
  const theSubnet = subnet({ tags: tags('subnet'), cidr: '10.0.0.0/24', zone: blueprint.zone, vpc: theVpc })
  const theGateway = internetGateway({ tags: tags('internet-gateway'), vpc: theVpc })
  const theRouteTable = routeTable({ tags: tags('route-table'), vpc: theVpc, subnet: theSubnet, gateway: theGateway })
  const theGroup = securityGroup({
    tags: tags('security-group'),
    name: `${ownerOf(id).name}-${release}`,
    description: `Ports that ${ownerOf(id).name} opens`,
    open: blueprint.open,
    vpc: theVpc,
  })
  const theInstance = instance({
    tags: tags('instance'),
    name: 'instance',
    machine: blueprint.machine,
    subnet: theSubnet,
    securityGroup: theGroup,
    profile,
    routeTable: theRouteTable,
  })
  return { release, instance: theInstance, network: [theVpc, theSubnet, theGateway, theRouteTable, theGroup] as const }
}

/** The resources of a release that are only to be found or removed. */
export function existingStack(id: StageId, release: number): Stack {
  return stack(id, release, stageResources(id, []).profile, noBlueprint)
}

/** What the network of a stack consists of, for people: `vpc, subnet, internet gateway`. */
export function networkParts({ network }: Stack): string {
  return network.map(({ name }) => name).join(', ')
}
