/**
 * What the runbooks print: results as text and tables. Everything goes through the terminal, which knows about colour,
 * width and `--json`.
 */
import type { Config } from '../../config/config.ts'
import { defaultStage } from '../../config/stages.ts'
import { shortDigest } from '../report/digest.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Deployed } from './deploy.ts'
import type { Receipt } from './destroy.ts'
import { shortCommit } from './plan/commit.ts'
import { linesOf, type Plan } from './plan/plan.ts'
import type { DestroyPlan } from './plan/plan-destroy.ts'
import { type Price, priceOfRemaining, pricesOf } from './plan/price.ts'
import type { Lock } from './state/hold.ts'
import type { LedgerEntry } from './state/ledger.ts'
import type { Status } from './status.ts'
import type { Verified } from './verify.ts'

/**
 * Prints a plan, one line a step, with the field's glyphs.
 * @param say where to: a plan that was asked for is a result, one that is carried out at once is a note
 */
export function printPlan(terminal: Terminal, plan: Plan, say: (line: string) => void = terminal.note): void {
  say(`Plan for release ${plan.release} (${plan.strategy})`)
  say(`Account ${plan.account}, ${plan.region}`)
  printOperations(terminal, plan.operations, say)
  if (plan.missing.length > 0) terminal.warn(`Left out: ${plan.missing.join('; ')}`)
  if (plan.changes === false) say(`Release ${plan.replaces} serves exactly this: a deploy would launch nothing new.`)
  say(plan.interrupts)
  say(priceLine(plan.price))
}

/** Prints what operations do, one line each or one for each thing that people want to see of it. */
export function printOperations(terminal: Terminal, operations: Plan['operations'] | DestroyPlan['operations'], say = terminal.note): void {
  const { style } = terminal
  const paint = { '+': style.green, '-': style.red, '~': style.yellow, '-/+': style.yellow, ' ': style.dim }
  const lines = linesOf(operations)
  const width = Math.max(...lines.map(({ what }) => what.length))
  for (const { glyph, what, detail } of lines)
    say(`${paint[glyph](glyph.padStart(4))} ${what.padEnd(width)}  ${style.dim(detail)}`.trimEnd())
}

/** `About $20.65 a month on AWS: machine $9.64, disk $1.92, addresses $7.30.` */
function priceLine({ instance, disk, addresses, total }: Price): string {
  const dollars = (amount: number | undefined) => (amount === undefined ? 'unknown' : `$${amount.toFixed(2)}`)
  const parts = `machine ${dollars(instance)}, disk ${dollars(disk)}, addresses ${dollars(addresses)}`
  return `On AWS about ${dollars(total)} a month: ${parts} (us-east-1 list prices of ${pricesOf}, without traffic).`
}

/** Prints where everything is now, and with `timings` where the time went. */
export function printDeployed(terminal: Terminal, config: Config, deployed: Deployed, timings: boolean): void {
  const rows = Object.entries(deployed.urls).map(([name, url]) => ({ name, url, image: shortDigest(deployed.images[name] ?? '') }))
  terminal.print(`Release ${deployed.release} of ${config.app} serves stage ${config.stage}.`)
  terminal.table(rows, [{ key: 'name', title: 'SERVICE' }, 'url', 'image'])
  const took = Object.entries(deployed.seconds).map(([phase, seconds]) => `${phase} ${seconds.toFixed(1)}`)
  terminal.print(`Seconds: ${took.join(', ')}`)
  if (timings) {
    terminal.timeline(deployed.timeline)
    const chain = deployed.critical.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`)
    const sum = deployed.critical.reduce((total, { seconds }) => total + seconds, 0)
    terminal.print(`Critical path of the resources: ${chain.join(' → ')}, ${sum.toFixed(1)} s in all`)
  }
  for (const failure of deployed.warnings) terminal.warn(failure)
  terminal.note(`Next: npx zx scripts/verify.mjs${stageFlag(config)} tests every endpoint.`)
}

/** Prints what is left of a destroyed stage. */
export function printReceipt(terminal: Terminal, { app, stage }: Config, receipt: Receipt): void {
  const { length } = receipt.removed
  terminal.print(
    `Removed ${length} ${length === 1 ? 'resource' : 'resources'} of stage ${stage} of ${app} in ${receipt.seconds.toFixed(1)} s.`,
  )
  if (receipt.taken.length > 0)
    terminal.print(`With its network went what others had put there: ${receipt.taken.map(({ kind, id }) => `${kind} ${id}`).join(', ')}.`)
  terminal.print(`Looked again: ${receipt.left.length === 0 ? 'nothing is left' : `${receipt.left.length} left`}.`)
  const rows = receipt.left.map(({ kind, id }) => ({ kind, id, 'a month': priceOfRemaining(kind)?.toFixed(2) ?? '' }))
  if (rows.length > 0) terminal.table(rows, ['kind', 'id', { key: 'a month', title: 'USD A MONTH', align: 'right' }])
}

/** Prints how a stage is. */
export function printStatus(terminal: Terminal, status: Status): void {
  const { app, stage, release, launched, deployed, machine } = status
  const next = `To deploy it: npx zx scripts/deploy.mjs${stageFlag(status)}`
  if (release === undefined) terminal.print(`Stage ${stage} of ${app} serves nothing. ${next}`)
  else if (!launched) terminal.print(`Stage ${stage} of ${app} has a machine at ${status.address} on which nothing was launched. ${next}`)
  else terminal.print(`Release ${release} of ${app} serves stage ${stage} at ${status.address}.`)
  if (deployed)
    terminal.print(`Deployed ${deployed.at} by ${deployed.by}${deployed.commit ? ` from commit ${shortCommit(deployed.commit)}` : ''}.`)
  if (machine)
    terminal.print(`Machine ${machine.id} is ${machine.state}: ${machine.imageId}${machine.engine ? `, docker ${machine.engine}` : ''}.`)
  if (status.silent && machine?.state === 'running') terminal.print(`It could not be asked how its containers are: ${status.silent}`)
  if (status.next && machine?.state === 'running') terminal.print(`Next: ${status.next}`)
  else if (status.next) terminal.print(`It keeps its data and its address. To start it: ${status.next}`)
  terminal.table(
    status.services.map(({ name, state, url, detail, image }) => ({ name, state, url, image: image ? shortDigest(image) : '', detail })),
    [{ key: 'name', title: 'SERVICE' }, 'state', 'url', 'image', 'detail'],
  )
  if (status.leftovers.length > 0)
    terminal.print(`Left over and removed by the next deploy: the stacks of release ${status.leftovers.join(', ')}.`)
  if (status.lock) terminal.print(lockLine(status.lock, status))
}

/** Who has a stage, in a line, and how a hold is lifted. */
export function lockLine({ by, held }: Lock, stage: { stage: string }): string {
  if (!held) return `Locked by ${by}.`
  return `Held by ${by} since ${held.since}: ${held.reason}. To release it: npx zx scripts/lock.mjs release${stageFlag(stage)}`
}

/** Prints the ledger, one line a release. */
export function printHistory(terminal: Terminal, entries: readonly LedgerEntry[]): void {
  if (entries.length === 0) terminal.print('No release has been made yet.')
  const rows = entries.map(({ release, outcome, at, by, commit, images, seconds, error }) => ({
    release,
    outcome,
    at: at.slice(0, 19).replace('T', ' '),
    by,
    commit: commit ? shortCommit(commit) : '',
    seconds: Object.entries(seconds)
      .map(([phase, each]) => `${phase} ${each.toFixed(1)}`)
      .join(', '),
    images: Object.entries(images)
      .map(([name, digest]) => `${name} ${shortDigest(digest)}`)
      .join(', '),
    error: error?.split('\n')[0] ?? '',
  }))
  terminal.table(rows, ['release', 'outcome', 'at', 'by', 'commit', 'images', 'seconds', 'error'])
}

/** Prints every check; gives how many failed, counting a stage without any check as one. */
export function printVerified(terminal: Terminal, verified: readonly Verified[]): number {
  const { glyphs } = terminal
  const all = verified.flatMap(({ service, results }) => results.map((result) => ({ service, ...result })))
  const failed = all.filter(({ ok }) => !ok)
  const rows = all.map(({ service, name, ok, milliseconds }) => ({
    service,
    check: `${ok ? glyphs.done : glyphs.failed} ${name}`,
    ms: Math.round(milliseconds),
  }))
  terminal.table(rows, ['service', 'check', 'ms'])
  for (const { service, name, expected, got } of failed) terminal.print(`${service}: ${name}\n  expected ${expected}\n  got      ${got}`)
  if (all.length === 0) terminal.print('No service can be reached from here, so nothing was checked.')
  else terminal.print(`${all.length - failed.length} checks passed, ${failed.length} failed.`)
  return all.length === 0 ? 1 : failed.length
}

/** What a command for this stage needs; nothing where it is the default. */
export function stageFlag({ stage }: { stage: string }): string {
  return stage === defaultStage ? '' : ` --stage ${stage}`
}
