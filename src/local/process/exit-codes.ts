/** How the cloud's process ends, as its exit code tells: a full disk, for one, lets no other message through. */
export const exitCodes = {
  stopped: 0,
  failed: 1,
  /** Another process has this folder. */
  locked: 75,
  /** Its port is held by another program. */
  port: 76,
  /** The disk is full. */
  full: 77,
} as const
