import { until } from '../../support/client.ts'
import type { Case } from './case.ts'
import { alive } from './processes.ts'
import type { Stage } from './stage.ts'

/** How long AWS may take for each step, in seconds. */
const patience = 60

/** Stops the stage's instance and starts it again, by AWS's own calls. */
export const stopAndStart: Case = {
  name: 'stop the instance and start it',
  by: 'itself',
  async disturb(stage) {
    const InstanceIds = await stop(stage)
    await (await stage.clients.ec2()).startInstances({ InstanceIds })
  },
}

/** Stops the stage's instance: on AWS, too, it stays stopped until somebody starts it. */
export const stopOnly: Case = {
  name: 'stop the instance',
  by: 'command',
  async disturb(stage) {
    await stop(stage)
  },
}

/** Resolves to the ids of the instances once they have stopped. */
async function stop(stage: Stage): Promise<string[]> {
  const ec2 = await stage.clients.ec2()
  const InstanceIds = stage.instances()
  await ec2.stopInstances({ InstanceIds })
  const stopped = async () => {
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds })
    return Reservations.every(({ Instances = [] }) => Instances.every(({ State }) => State?.Name === 'stopped'))
  }
  await until(stopped, patience, () => 'the instance does not stop')
  return InstanceIds
}

/** Reboots the stage's instance. */
export const reboot: Case = {
  name: 'reboot the instance',
  by: 'itself',
  async disturb(stage) {
    const before = stage.playing('data-ingestion')
    await (await stage.clients.ec2()).rebootInstances({ InstanceIds: stage.instances() })
    await until(
      () => !before.some(alive),
      patience,
      () => 'the services of the instance run on',
    )
  },
}
