import type { Action, Service } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { accountAttributeActions } from './account-attribute.ts'
import { addressActions } from './address.ts'
import { imageActions } from './image.ts'
import { instanceActions } from './instance.ts'
import { instanceTypeActions } from './instance-type.ts'
import { internetGatewayActions } from './internet-gateway.ts'
import { networkInterfaceActions } from './network-interface.ts'
import { powerActions } from './power.ts'
import { routeTableActions } from './route-table.ts'
import { securityGroupActions } from './security-group.ts'
import { securityGroupRuleActions } from './security-group-rule.ts'
import { subnetActions } from './subnet.ts'
import { taggingActions } from './tagging.ts'
import { volumeActions } from './volume.ts'
import { vpcActions } from './vpc.ts'
import { zoneActions } from './zone.ts'

/** The part of EC2 that the embedded cloud has, one file for each kind of resource. Handlers are synchronous and run one at a time. */
const actions: Service = {
  ...vpcActions,
  ...subnetActions,
  ...internetGatewayActions,
  ...routeTableActions,
  ...securityGroupActions,
  ...securityGroupRuleActions,
  ...instanceActions,
  ...powerActions,
  ...instanceTypeActions,
  ...networkInterfaceActions,
  ...volumeActions,
  ...addressActions,
  ...imageActions,
  ...zoneActions,
  ...taggingActions,
  ...accountAttributeActions,
}

/**
 * Each call is one transaction, so that a call that fails has changed nothing; a dry run is a call that always fails at its end.
 * The machine room hears of what was committed.
 */
function asCall(action: Action): Action {
  return (input: { DryRun?: boolean }, call) => {
    const { store, machines } = call.cloud
    const reading = call.action.startsWith('Describe')
    const output = store.transaction(() => {
      const result = action(input, call)
      if (input.DryRun) throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412)
      return result
    })
    if (!reading) machines.reconcile()
    return output
  }
}

export const ec2: Service = Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, asCall(action)]))
