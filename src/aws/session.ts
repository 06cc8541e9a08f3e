import type { StartSessionCommandInput } from '@aws-sdk/client-ssm'
import { Failure } from '../report/failure.ts'
import type { Clients } from './clients.ts'
import { codeOf } from './errors.ts'

/** A program to run in the user's terminal. */
export interface TerminalProgram {
  readonly file: string
  readonly args: readonly string[]
  /** Beside this process's own environment; instead of it where `cwd` is given. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * The plugin reads the session's token from a variable whose name starts so; as an argument every user of this machine
 * could see it.
 */
const variable = 'AWS_SSM_START_SESSION_RESPONSE'

/**
 * Starts a Session Manager session on an instance, and says which program shows it: AWS's own session-manager-plugin.
 * @param command what to run there; the user's shell when it is absent
 * @throws Failure when the instance's agent is not connected
 */
export async function startSession(clients: Clients, instanceId: string, command?: string): Promise<TerminalProgram> {
  const request: StartSessionCommandInput = {
    Target: instanceId,
    ...(command ? { DocumentName: 'AWS-StartInteractiveCommand', Parameters: { command: [command] } } : {}),
  }
  const { region, endpoint = `https://ssm.${region}.amazonaws.com` } = clients.access
  try {
    const { SessionId, TokenValue, StreamUrl } = await (await clients.ssm()).startSession(request)
    return {
      file: 'session-manager-plugin',
      // RESPONSE REGION OPERATION PROFILE REQUEST ENDPOINT, as the AWS CLI calls it.
      args: [variable, region, 'StartSession', process.env.AWS_PROFILE ?? '', JSON.stringify(request), endpoint],
      env: { [variable]: JSON.stringify({ SessionId, TokenValue, StreamUrl }) },
    }
  } catch (error) {
    if (codeOf(error) !== 'TargetNotConnected') throw error
    throw new Failure('The machine is not connected to Session Manager', {
      on: `instance ${instanceId}`,
      likely: 'It is still starting, it is stopped, or its agent has died.',
      next: clients.command(`ssm describe-instance-information --filters Key=InstanceIds,Values=${instanceId}`),
      cause: error,
    })
  }
}
