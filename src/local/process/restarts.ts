export type Restarts = ReturnType<typeof createRestarts>

/** In ms. The longest pause is short, because the reason may be a disk that has room again. */
const pauses = { first: 100, most: 5_000, wellAfter: 5_000 } as const

/**
 * When something that has ended may be started again: at once at first, then after pauses that double while it keeps
 * ending soon.
 */
export function createRestarts() {
  let pause = 0
  let startedAt = 0
  return {
    /** Whether it may be started now; counts it as started then. */
    due(): boolean {
      const ran = Date.now() - startedAt
      if (ran < pause) return false
      pause = ran > pauses.most + pauses.wellAfter ? 0 : Math.min(Math.max(pause * 2, pauses.first), pauses.most)
      startedAt = Date.now()
      return true
    },
    /** Whether the last start came without a pause, so that it is worth telling why it was needed. */
    first: () => pause === 0,
  }
}
