import type { existingNetwork } from '../../aws/resources/existing-network.ts'
import { instance, type MachineSpec } from '../../aws/resources/instance.ts'
import { type OpenPort, securityGroup } from '../../aws/resources/security-group.ts'
import { ownerOf, type StageId, stackTags } from './names.ts'
import type { StageNetwork } from './network.ts'
import type { StageResources } from './stage-resources.ts'

/** What a stack is made from. */
export interface Blueprint {
  readonly machine: MachineSpec
  readonly open: readonly OpenPort[]
  /** What it stands in, the stage's own network or one that exists, and who its machines are. */
  readonly network: StageNetwork | ReturnType<typeof existingNetwork>
  readonly profile: StageResources['profile']
}

export type Stack = ReturnType<typeof stack>

/** The resources of one release: a machine and what it opens. They go as a whole, by the release's tag. */
export function stack(id: StageId, release: number, { machine, open, network, profile }: Blueprint) {
  const tags = (resource: string) => stackTags(id, release, resource)
  const theGroup = securityGroup({
    tags: tags('security-group'),
    name: `${ownerOf(id).name}-${release}`,
    description: `Ports that ${ownerOf(id).name} opens`,
    open,
    vpc: network.vpc,
  })
  const theInstance = instance({
    tags: tags('instance'),
    name: 'instance',
    machine,
    subnets: network.subnets,
    securityGroup: theGroup,
    profile,
  })
  return { release, instance: theInstance }
}
