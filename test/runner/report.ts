import type { Outcome } from './file.ts'

/** One line for a file; for a failed one also why, and all that it wrote. */
export function fileReport({ file, passed, failed, seconds, problems, output }: Outcome): string {
  const counts = failed > 0 ? `${passed} passed, ${failed} failed` : `${passed} passed`
  const line = `${failed > 0 ? 'FAIL' : 'ok  '}  ${file}  ${counts}  ${seconds.toFixed(1)} s`
  if (failed === 0) return line
  const written = output.trimEnd().split('\n')
  return [line, ...problems.map((problem) => `      ${file}: ${problem}`), ...written.map((text) => `      | ${text}`)].join('\n')
}

/** The failed files once more, and the slowest ones: what one wants to see at the end of a long run. */
export function closingReport(outcomes: readonly Outcome[], seconds: number): string {
  const failed = outcomes.filter((outcome) => outcome.failed > 0).map(({ file }) => `  ${file}`)
  const slowest = [...outcomes].sort((a, b) => b.seconds - a.seconds).slice(0, 5)
  return [
    '',
    ...(failed.length > 0 ? ['Failed files:', ...failed, ''] : []),
    `${outcomes.length} files in ${seconds.toFixed(1)} s. The slowest:`,
    ...slowest.map((outcome) => `  ${outcome.seconds.toFixed(1).padStart(6)} s  ${outcome.file}`),
  ].join('\n')
}
