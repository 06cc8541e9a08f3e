import { Failure } from '../report/failure.ts'
import type { Clients } from './clients.ts'
import { commandLines } from './command-lines.ts'
import { codeOf } from './errors.ts'
import { consoleOf } from './resources/console.ts'
import { until } from './retry.ts'

/** How a command on an instance ended. */
export interface CommandResult {
  readonly commandId: string
  /**
   * `Success`, `Failed`, `Execution Timed Out`, `Delivery Timed Out`, `Undeliverable`, `Terminated`, `Cancelled`: AWS's
   * own detail.
   */
  readonly status: string
  readonly exitCode: number
  /** At most the first 24,000 characters. */
  readonly stdout: string
  /** At most the first 8,000 characters. */
  readonly stderr: string
}

/** Not yet with the agent (Systems Manager User Guide, "Understanding command statuses"). */
const undelivered = ['Pending', 'Delayed']
const running = ['Pending', 'In Progress', 'InProgress', 'Delayed', 'Cancelling']

/**
 * Waits until the instance's agent has registered. Run Command refuses an instance before that, and EC2's own status
 * checks come minutes later.
 * @param within in seconds
 * @throws Failure with the end of the machine's console after that time
 */
export async function agentOnline(
  clients: Clients,
  instanceId: string,
  signal: AbortSignal,
  waiting: (detail: string) => void,
  within = 600,
): Promise<void> {
  const ssm = await clients.ssm()
  const online = await until(
    async () => {
      const { InstanceInformationList = [] } = await ssm.describeInstanceInformation({
        Filters: [{ Key: 'InstanceIds', Values: [instanceId] }],
      })
      return InstanceInformationList.some((information) => information.PingStatus === 'Online') || undefined
    },
    { within, signal, waiting: (seconds) => waiting(`waiting for its agent, ${seconds.toFixed(0)} s`) },
  )
  if (!online)
    throw new Failure(`The SSM agent did not register within ${within} s`, {
      on: `instance ${instanceId}`,
      // Nobody can ask the machine itself.
      log: await consoleOf(clients, instanceId),
      likely: 'The instance cannot reach the SSM endpoints, or its role lacks AmazonSSMManagedInstanceCore.',
      next: clients.command(`ec2 get-console-output --instance-id ${instanceId}`),
    })
}

export interface CommandOptions {
  readonly comment: string
  /** How long the script may run, in seconds. */
  readonly seconds: number
  /**
   * How long the agent may take to fetch it, in seconds: 60 where nothing is said. Where somebody sits and waits for
   * what is merely looked at, less: an agent that is well takes a second or two.
   */
  readonly deliverWithin?: number
  readonly signal: AbortSignal
  readonly waiting: (detail: string) => void
}

/**
 * For what is merely looked at, while somebody waits: how long it may run and how long its agent may take, in seconds.
 */
export const looking = { seconds: 30, deliverWithin: 10 } as const

/** Systems Manager's least for `TimeoutSeconds`. */
const leastDelivery = 30

/**
 * Runs a shell script as root on an instance and waits for its end. When `signal` aborts, or the agent does not fetch
 * it in time, the command is cancelled on the instance too.
 * @throws Failure when it cannot be sent or is not fetched in time; a script that fails is an answer, not an error.
 */
export async function runCommand(clients: Clients, instanceId: string, script: string, options: CommandOptions): Promise<CommandResult> {
  const { seconds, deliverWithin = 60 } = options
  const ssm = await clients.ssm()
  const { Command } = await ssm
    .sendCommand({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [instanceId],
      Comment: options.comment.slice(0, 100),
      TimeoutSeconds: Math.max(deliverWithin, leastDelivery),
      Parameters: { commands: commandLines(script), executionTimeout: [String(seconds)] },
    })
    .catch((error: unknown) => {
      throw codeOf(error) === 'InvalidInstanceId' ? unreachable(clients, instanceId, error) : error
    })
  const CommandId = Command!.CommandId!
  const sent = performance.now()
  let unanswered = false
  try {
    const result = await until(
      async () => {
        try {
          const invocation = await ssm.getCommandInvocation({ CommandId, InstanceId: instanceId })
          unanswered = undelivered.includes(invocation.StatusDetails ?? '')
          // Below that Systems Manager gives it up by itself, and tells why.
          if (unanswered && deliverWithin < leastDelivery && performance.now() - sent > deliverWithin * 1000)
            throw silentAgent(clients, instanceId, deliverWithin)
          if (running.includes(invocation.StatusDetails ?? '')) return undefined
          return {
            commandId: CommandId,
            status: invocation.StatusDetails!,
            exitCode: invocation.ResponseCode ?? -1,
            stdout: invocation.StandardOutputContent ?? '',
            stderr: invocation.StandardErrorContent ?? '',
          }
        } catch (error) {
          // Right after it was sent the invocation may not be known yet.
          if (codeOf(error) === 'InvocationDoesNotExist') return undefined
          throw error
        }
      },
      {
        within: seconds + 2 * deliverWithin,
        // A launch takes about seven seconds; to hear of its end a second later would be a sixth of a deploy.
        longest: 0.5,
        signal: options.signal,
        waiting: (seconds) => options.waiting(`running, ${seconds.toFixed(0)} s`),
      },
    )
    if (result) return result
    throw new Failure('The command neither ended nor timed out', {
      on: `instance ${instanceId}, command ${CommandId}`,
      likely: 'The agent lost its connection.',
      next: clients.command(`ssm get-command-invocation --command-id ${CommandId} --instance-id ${instanceId}`),
    })
  } catch (error) {
    if (options.signal.aborted || unanswered) await ssm.cancelCommand({ CommandId, InstanceIds: [instanceId] })
    throw error
  }
}

function silentAgent(clients: Clients, instanceId: string, seconds: number): Failure {
  return new Failure(`The machine's agent has not taken a command within ${seconds} s`, {
    on: `instance ${instanceId}`,
    likely: 'The machine hangs or has far too much to do, or its agent has lost its connection to Systems Manager.',
    next: clients.command(`ec2 reboot-instances --instance-ids ${instanceId}`),
  })
}

/**
 * Systems Manager says `InvalidInstanceId` of a machine that is not there as of one whose agent is not connected just
 * now.
 */
function unreachable(clients: Clients, instanceId: string, cause: unknown): Failure {
  return new Failure('The machine takes no commands: its agent is not connected to Systems Manager', {
    on: `instance ${instanceId}`,
    likely: 'It is stopped, it is still starting, or it has lost its way to the SSM endpoints.',
    next: clients.command(`ec2 describe-instances --instance-ids ${instanceId} --query "Reservations[].Instances[].[State,StateReason]"`),
    cause,
  })
}
