import type { Emit, Phase } from '../../report/event.ts'
import type { AnyOperation } from './operation.ts'

/** Tells when each phase of a run begins and ends: with the first and the last of its operations. */
export interface PhaseProgress {
  begins(operation: AnyOperation): void
  done(operation: AnyOperation): void
  /** The run is over. Phases that have begun and not ended have failed. */
  close(): void
}

/** @param operations all of the run: a phase is over when none of its operations is left */
export function phaseProgress(operations: readonly AnyOperation[], emit: Emit): PhaseProgress {
  const left = new Map<Phase, number>()
  for (const { phase } of operations) left.set(phase, (left.get(phase) ?? 0) + 1)
  const began = new Map<Phase, number>()
  const seconds = (phase: Phase) => (performance.now() - began.get(phase)!) / 1000
  return {
    begins({ phase }) {
      if (began.has(phase)) return
      began.set(phase, performance.now())
      emit({ phase, state: 'started' })
    },
    done({ phase }) {
      left.set(phase, left.get(phase)! - 1)
      if (left.get(phase) === 0) emit({ phase, state: 'done', seconds: seconds(phase) })
    },
    close() {
      for (const phase of began.keys()) if (left.get(phase)! > 0) emit({ phase, state: 'failed', seconds: seconds(phase) })
    },
  }
}

/**
 * How long each phase took, in seconds, and when it began: from the first of its operations to the end of the last. In
 * the order in which they ended.
 */
export function phaseTimes(timings: readonly { readonly phase: Phase; readonly start: number; readonly seconds: number }[]) {
  const spans = new Map<Phase, { start: number; end: number }>()
  for (const { phase, start, seconds } of timings) {
    const span = spans.get(phase) ?? { start, end: 0 }
    spans.set(phase, { start: Math.min(span.start, start), end: Math.max(span.end, start + seconds) })
  }
  const timeline = [...spans].map(([label, { start, end }]) => ({ label, start, seconds: end - start }))
  return timeline.sort((a, b) => a.start + a.seconds - (b.start + b.seconds))
}

/** The seconds of each phase, in the order in which they ended. */
export function phaseSeconds(timings: Parameters<typeof phaseTimes>[0]): Record<string, number> {
  return Object.fromEntries(phaseTimes(timings).map(({ label, seconds }) => [label, Math.round(seconds * 1000) / 1000]))
}
