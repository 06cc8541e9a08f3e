import { existsSync, readFileSync } from 'node:fs'
import type { GetConsoleOutputRequest, GetConsoleOutputResult } from '@aws-sdk/client-ec2'
import type { Call } from '../cloud.ts'
import { instanceFolder } from '../machine/folder.ts'
import { findInstance } from './instance.ts'

/** EC2 keeps the last 64 KB: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html */
const kept = 64 * 1024

export const consoleOutputActions = {
  /** What an instance wrote while it started: the log of the machine's own process. Absent where it has written nothing, or is gone for good. */
  GetConsoleOutput({ InstanceId = '' }: GetConsoleOutputRequest, { cloud }: Call): GetConsoleOutputResult {
    findInstance(cloud.store, InstanceId)
    const { log } = instanceFolder(cloud.folder, InstanceId)
    if (!existsSync(log)) return { InstanceId, Timestamp: new Date() }
    return { InstanceId, Timestamp: new Date(), Output: readFileSync(log).subarray(-kept).toString('base64') }
  },
}
