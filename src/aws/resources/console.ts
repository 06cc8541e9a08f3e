import { Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { codeOf } from '../errors.ts'

/** The last lines that a machine wrote while it started; EC2 keeps them for an hour after its end. */
export async function consoleOf(clients: Clients, id: string): Promise<string[]> {
  try {
    const { Output = '' } = await (await clients.ec2()).getConsoleOutput({ InstanceId: id })
    return Buffer.from(Output, 'base64').toString().trimEnd().split('\n').filter(Boolean).slice(-20)
  } catch (error) {
    return [`Its console could not be read: ${codeOf(error)}: ${(error as Error).message}`]
  }
}

/** Why an instance ended while it was starting, with its last words. */
export async function died(clients: Clients, id: string): Promise<Failure> {
  const { Reservations } = await (await clients.ec2()).describeInstances({ InstanceIds: [id] })
  const reason = Reservations?.[0]?.Instances?.[0]?.StateReason
  const log = await consoleOf(clients, id)
  return new Failure(`The instance ended while it was starting: ${reason?.Message ?? 'AWS gives no reason'}`, {
    on: `instance ${id}`,
    ...(log.length > 0 ? { log } : {}),
    // What the account or the request is to blame for begins with Client:
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html
    ...(reason?.Code?.startsWith('Client.')
      ? { likely: 'A volume quota is used up, or the disk image is encrypted with a key this account may not use.' }
      : { next: clients.command(`ec2 get-console-output --latest --instance-id ${id}`) }),
  })
}
