import type { Event } from '../../report/event.ts'
import { duration } from '../text/duration.ts'
import type { Style } from '../text/style.ts'
import { oneLine } from '../text/width.ts'
import type { Output, View } from './view.ts'

/** The view for CI and files: one line an event, nothing that moves. */
export function plainView(stream: Output, style: Style, verbose: boolean): View {
  return {
    emit(event) {
      const line = plainLine(event, style, verbose)
      if (line !== undefined) stream.write(`${line}\n`)
    },
    pause() {},
    resume() {},
    end() {},
  }
}

/**
 * One event as one line: `create  vpc  done  1.2 s  vpc-0abc`. That a step has started or goes on is worth a line only
 * when `verbose`: undefined otherwise.
 */
export function plainLine(event: Event, style: Style, verbose: boolean): string | undefined {
  const ends = event.state === 'done' || event.state === 'failed' || event.state === 'skipped'
  if (!ends && !verbose && (event.step || event.state === 'progress')) return undefined
  const time = event.seconds === undefined ? '' : duration(event.seconds)
  return [event.phase, event.step ?? '', paint(event.state, style), time, oneLine(event.detail ?? '')]
    .filter((part) => part !== '')
    .join('  ')
}

function paint(state: Event['state'], style: Style): string {
  if (state === 'done') return style.green(state)
  if (state === 'failed') return style.red(state)
  return state === 'skipped' ? style.yellow(state) : style.dim(state)
}
