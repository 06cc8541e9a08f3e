import { createLogUpdate } from 'log-update'
import type { Event } from '../../report/event.ts'
import { duration } from '../text/duration.ts'
import type { Glyphs } from '../text/glyphs.ts'
import type { Style } from '../text/style.ts'
import { type Drawing, endedPhase, frame } from './frame.ts'
import { Progress } from './progress.ts'
import type { Output, View } from './view.ts'

const paintEvery = 100
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/**
 * The view on a terminal that a person watches: what runs is repainted in place at the bottom, what has ended moves up
 * into the screen's history.
 */
export function liveView(stream: Output, style: Style, glyphs: Glyphs, verbose: boolean): View {
  // The cursor is ours: log-update would hide the one of the process's stderr, whatever stream it paints on.
  const paint = createLogUpdate(stream as NodeJS.WriteStream, { showCursor: true })
  const progress = new Progress()
  let began: number | undefined
  let turn = 0
  let timer: NodeJS.Timeout | undefined
  let hidden = false
  let lent = false

  const drawing = (): Drawing => ({ style, glyphs, columns: Math.max(10, (stream.columns ?? 80) - 1) })

  const draw = () => {
    if (progress.phases.length === 0) return
    if (!hidden) stream.write(hideCursor)
    hidden = true
    const at = Date.now()
    // One row is the clock's, one is the cursor's.
    const rows = Math.max(1, (stream.rows ?? 24) - 2)
    const clock = style.dim(`  ${duration(Math.floor((at - began!) / 1000)).replace('.0', '')} in all`)
    paint([...frame(progress.phases, rows, { at, turn }, drawing()), clock].join('\n'))
  }

  const restore = () => {
    if (hidden) stream.write(showCursor)
    hidden = false
  }

  const clear = () => {
    clearInterval(timer)
    timer = undefined
    paint.clear()
    restore()
    process.removeListener('exit', restore)
  }

  const run = () => {
    if (progress.phases.length === 0 || timer || lent) return
    draw()
    process.once('exit', restore)
    timer = setInterval(() => {
      turn++
      draw()
    }, paintEvery)
    // The picture alone is no reason to go on.
    timer.unref()
  }

  return {
    emit(event: Event) {
      const at = Date.now()
      began ??= at
      const ended = progress.apply(event, at)
      if (ended) {
        clear()
        stream.write(`${endedPhase(ended, verbose, { at, turn }, drawing()).join('\n')}\n`)
      }
      run()
    },
    pause() {
      lent = true
      clear()
    },
    resume() {
      lent = false
      run()
    },
    end() {
      clear()
      const at = Date.now()
      for (const phase of progress.phases.splice(0)) {
        for (const item of [phase, ...phase.steps]) stop(item)
        stream.write(`${endedPhase(phase, verbose, { at, turn }, drawing()).join('\n')}\n`)
      }
    },
  }
}

/** What nobody finished is shown as such: a spinner that stands still would look like work. */
function stop(item: { state: Event['state']; detail: string }): void {
  if (item.state !== 'started' && item.state !== 'progress') return
  item.state = 'skipped'
  item.detail = item.detail ? `not finished: ${item.detail}` : 'not finished'
}
