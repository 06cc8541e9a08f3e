import { type Action, ApiError, type Service } from '../cloud.ts'
import { accountAttributeActions } from './account-attribute.ts'
import { consoleOutputActions } from './instances/console-output.ts'
import { creditActions } from './instances/credit.ts'
import { imageActions } from './instances/image.ts'
import { instanceActions } from './instances/instance.ts'
import { instanceTypeActions } from './instances/instance-type.ts'
import { powerActions } from './instances/power.ts'
import { volumeActions } from './instances/volume.ts'
import { addressActions, beforehand } from './network/address.ts'
import { watchOver } from './network/guard-duty.ts'
import { internetGatewayActions } from './network/internet-gateway.ts'
import { networkInterfaceActions } from './network/network-interface.ts'
import { routeTableActions } from './network/route-table.ts'
import { securityGroupActions } from './network/security-group.ts'
import { securityGroupRuleActions } from './network/security-group-rule.ts'
import { subnetActions } from './network/subnet.ts'
import { vpcActions } from './network/vpc.ts'
import { vpcEndpointActions } from './network/vpc-endpoint.ts'
import { zoneActions } from './network/zone.ts'
import { taggingActions } from './tagging.ts'

/**
 * The part of EC2 that the embedded cloud has, one file for each kind of resource. Handlers are synchronous and run one
 * at a time; what some have to find out of this computer first stands apart.
 */
const actions: Service = {
  ...vpcActions,
  ...vpcEndpointActions,
  ...subnetActions,
  ...internetGatewayActions,
  ...routeTableActions,
  ...securityGroupActions,
  ...securityGroupRuleActions,
  ...instanceActions,
  ...creditActions,
  ...consoleOutputActions,
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
 * Each call is one transaction, so that a call that fails has changed nothing; a dry run is a call that always fails at
 * its end. The machine room hears of what was committed.
 */
function asCall(action: Action): Action {
  return ({ DryRun, ...input }: { DryRun?: boolean }, call) => {
    const { store, machines } = call.cloud
    const reading = /^(Describe|Get)/.test(call.action)
    const output = store.transaction(() => {
      watchOver(call.cloud)
      const result = action(input, call)
      if (DryRun) throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412)
      return result
    })
    if (!reading) machines.reconcile()
    return output
  }
}

export const ec2: Service = Object.fromEntries(
  Object.entries(actions).map(([name, action]) => [name, (beforehand[name] ?? ((call) => call))(asCall(action))]),
)
