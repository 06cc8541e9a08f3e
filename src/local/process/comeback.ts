import path from 'node:path'
import type { Status } from '../admin/admin.ts'
import { askCloud } from '../admin/client.ts'
import { accepts } from '../api/listen.ts'
import { readWhole } from '../files/whole.ts'
import { forwardingFolder, type Rules } from '../forwarder/rules.ts'
import { within } from './within.ts'

/**
 * How long a cloud that was revived may take, in ms, to bring back the machines that ran, and these their containers.
 */
const comebackLimit = { machines: 30_000, ports: 5_000 } as const

/**
 * Waits until the machines that ran with an earlier cloud run again, and until something listens behind every public
 * port: what a script looks at afterwards is then as it will stay.
 * @returns what to tell
 */
export async function comeBack(folder: string, first: Status): Promise<string> {
  const lost = first.instances.filter(({ impaired, recovered }) => impaired || recovered).map(({ id }) => id)
  if (lost.length === 0) return 'The embedded cloud had ended and was started again; its machines had gone on.'
  const machines = `machine${lost.length === 1 ? '' : 's'} ${lost.join(', ')}`
  const still = async () =>
    (await askCloud<Status>(folder, 'status'))?.instances.filter(({ impaired }) => impaired).map(({ id }) => id) ?? lost
  let out = lost
  const back = async () => {
    out = await still()
    return out.length === 0
  }
  if (!(await within(comebackLimit.machines, 50, back)))
    return `The embedded cloud had ended and was started again; ${out.join(', ')} is still being started: its log is in ${path.join(folder, 'instances', out[0]!, 'machine.log')}.`
  const rules = readWhole<Rules>(forwardingFolder(folder).rules)?.forwardings ?? []
  await within(comebackLimit.ports, 50, async () =>
    (await Promise.all(rules.map(({ to, port }) => accepts({ host: to, port })))).every(Boolean),
  )
  return `The embedded cloud had ended and was started again, and with it ${machines}.`
}
