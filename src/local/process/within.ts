import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks again and again until there is an answer, at least once.
 *
 * @param patience for how long, in ms
 * @param pause between two questions, in ms
 * @returns undefined when there was none in time
 */
export async function within<T>(patience: number, pause: number, ask: () => T | Promise<T>): Promise<T | undefined> {
  for (const giveUp = Date.now() + patience; ; await sleep(pause)) {
    const answer = await ask()
    if (answer || Date.now() >= giveUp) return answer || undefined
  }
}
