import { existsSync, readFileSync } from 'node:fs'
import type { EC2 } from '@aws-sdk/client-ec2'
import type { Actions } from '../../cloud.ts'
import { instanceFolder } from '../../machine/folder.ts'
import { find } from '../kinds.ts'

/** EC2 keeps the last 64 KB: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html */
const outputBytes = 64 * 1024

export const consoleOutputActions = {
  /**
   * What an instance wrote while it started: the log of the machine's own process. Absent where it has written nothing,
   * or is gone for good.
   */
  GetConsoleOutput({ InstanceId = '' }, { cloud }) {
    find(cloud.store, 'instance', InstanceId)
    const { log } = instanceFolder(cloud.folder, InstanceId)
    if (!existsSync(log)) return { InstanceId, Timestamp: new Date() }
    return { InstanceId, Timestamp: new Date(), Output: readFileSync(log).subarray(-outputBytes).toString('base64') }
  },
} satisfies Actions<EC2>
