/**
 * Disturbs a local stage of its own in every way of `chaos/cases.ts` while people use it: kills and freezes its
 * processes, fills its disk, stops its instance, cuts the power. Afterwards everything must serve again, by itself
 * where an operating system or AWS would see to it, else by looking at it or by the one command that `status` names,
 * and nothing that was acknowledged may be lost. The last line is the sum.
 *
 *   node test/crash/chaos.ts                    everything
 *   node test/crash/chaos.ts --only 'kill.*cloud'   the cases whose names match this regular expression
 */
import { parseArgs } from 'node:util'
import { type Row, tryCase } from './chaos/case.ts'
import { cases } from './chaos/cases.ts'
import { Stage } from './chaos/stage.ts'
import { heading, rowText } from './chaos/table.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const wanted = cases.filter(({ name }) => new RegExp(values.only).test(name))
// So that what was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const rows: Row[] = []
let stage = wanted.length > 0 ? await Stage.open() : undefined
if (!stage) console.log(`No case matches ${values.only}.`)
else console.log(`  ${heading()}`)
for (const one of wanted) {
  stage ??= await Stage.open()
  const impossible = one.impossible?.(stage)
  if (impossible) {
    console.log(`- ${one.name}: not tried, ${impossible}`)
    continue
  }
  const row = await tryCase(stage, one)
  rows.push(row)
  console.log(rowText(row))
  // The next case wants a stage that serves.
  if (row.problems.length === 0) continue
  stage.close()
  stage = undefined
}
stage?.close()
const failed = rows.filter(({ problems }) => problems.length > 0).length
console.log(`\n${rows.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 || rows.length === 0 ? 1 : 0
