import { duration } from '../text/duration.ts'
import type { Glyphs } from '../text/glyphs.ts'
import type { Style } from '../text/style.ts'
import { cut, oneLine, pad, textWidth } from '../text/width.ts'
import { finished, type Item, type Phase } from './progress.ts'

/** How lines are drawn. */
export interface Drawing {
  readonly style: Style
  readonly glyphs: Glyphs
  /** Columns of the screen; no line is longer. */
  readonly columns: number
}

/** The moment that is drawn, in ms, and which picture of the spinner it shows. */
export interface Moment {
  readonly at: number
  readonly turn: number
}

const phaseColumn = 9
const timeColumn = 8

/**
 * The living part of the screen: every phase under way with its steps beneath, in at most `rows` lines. Where they do
 * not fit, steps that are done are counted instead of listed; what still does not fit is counted on the last line.
 */
export function frame(phases: readonly Phase[], rows: number, moment: Moment, drawing: Drawing): string[] {
  let lines = phases.flatMap((phase) => phaseLines(phase, false, moment, drawing))
  if (lines.length > rows) lines = phases.flatMap((phase) => phaseLines(phase, true, moment, drawing))
  if (lines.length <= rows) return lines
  const more = `  ${drawing.glyphs.ellipsis} ${lines.length - rows + 1} more`
  return [...lines.slice(0, Math.max(0, rows - 1)), drawing.style.dim(cut(more, drawing.columns, drawing.glyphs.ellipsis))]
}

/**
 * A phase that has ended, as it stays on the screen: one line when all went well; else with what was not done beneath
 * it; with every step when `verbose`.
 */
export function endedPhase(phase: Phase, verbose: boolean, moment: Moment, drawing: Drawing): string[] {
  if (verbose) return phaseLines(phase, false, moment, drawing)
  if (phase.state === 'done' && phase.steps.every((step) => step.state !== 'failed')) return [phaseLine(phase, moment, drawing)]
  return phaseLines(phase, true, moment, drawing)
}

function phaseLines(phase: Phase, fold: boolean, moment: Moment, drawing: Drawing): string[] {
  const { style, glyphs } = drawing
  const folded = fold ? phase.steps.filter((step) => step.state === 'done') : []
  const listed = phase.steps.filter((step) => !folded.includes(step))
  const names = Math.min(32, Math.max(0, ...listed.map((step) => textWidth(oneLine(step.name)))))
  return [
    phaseLine(phase, moment, drawing),
    ...(folded.length > 0 ? [`  ${style.green(glyphs.done)} ${style.dim(`${folded.length} done`)}`] : []),
    ...listed.map((step) => `  ${itemLine(step, names, moment, { ...drawing, columns: drawing.columns - 2 }, (name) => name)}`),
  ]
}

function phaseLine(phase: Phase, moment: Moment, drawing: Drawing): string {
  return itemLine(phase, phaseColumn, moment, drawing, drawing.style.bold)
}

function itemLine(item: Item, nameColumn: number, moment: Moment, drawing: Drawing, paint: (name: string) => string): string {
  const { style, glyphs, columns } = drawing
  const room = Math.max(1, Math.min(nameColumn, columns - 2))
  const name = pad(cut(oneLine(item.name), Math.max(room, Math.min(32, columns - 2)), glyphs.ellipsis), room)
  const time = elapsed(item, moment)
  const detailRoom = columns - 2 - textWidth(name) - timeColumn - 2
  const detail = detailRoom >= 4 ? cut(oneLine(item.detail), detailRoom, glyphs.ellipsis) : ''
  const tail = detail === '' ? pad(time, timeColumn, 'right').trimEnd() : `${pad(time, timeColumn, 'right')}  ${detail}`
  // The time is dropped with the detail where even it does not fit: the sign and the name say most.
  const shown = 2 + textWidth(name) + textWidth(tail) <= columns ? tail : ''
  const painted = item.state === 'failed' ? style.red(shown) : style.dim(shown)
  return `${sign(item, moment, drawing)} ${tail === '' ? paint(name.trimEnd()) : paint(name)}${painted}`
}

function sign(item: Item, moment: Moment, { style, glyphs }: Drawing): string {
  if (item.state === 'done') return style.green(glyphs.done)
  if (item.state === 'failed') return style.red(glyphs.failed)
  if (item.state === 'skipped') return style.yellow(glyphs.skipped)
  return style.cyan(glyphs.spinner[moment.turn % glyphs.spinner.length]!)
}

/**
 * The exact time of what is finished; whole seconds of what runs, from the second one on: a number that flickers is no
 * news.
 */
function elapsed(item: Item, moment: Moment): string {
  if (item.state === 'skipped') return ''
  if (finished(item.state)) return duration(item.seconds ?? 0)
  const seconds = Math.floor((moment.at - item.began) / 1000)
  return seconds < 1 ? '' : seconds < 60 ? `${seconds} s` : duration(seconds)
}
