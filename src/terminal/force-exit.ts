import process from 'node:process'

const patience = 2000

/**
 * Lets the process end by itself. A handle that somebody forgot (a socket, a watcher) would keep a finished script
 * alive for ever: so after two seconds, and once everything printed has left, it is ended. The timer itself keeps
 * nothing alive: a clean end never waits for it.
 */
export function forceExitLater(verbose: boolean): void {
  const timer = setTimeout(() => {
    if (verbose) process.stderr.write(`Still open after the end: ${process.getActiveResourcesInfo().join(', ')}.\n`)
    process.stdout.write('', () => process.stderr.write('', () => process.exit()))
  }, patience)
  timer.unref()
}
