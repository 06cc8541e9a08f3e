/** The machine of a config that names none: the smallest of its family whose memory holds the default release. */
export const defaultInstance = { type: 't3.small', diskGiB: 20 } as const

/** What a root disk must have, in GiB: the root snapshot of Amazon Linux 2023. */
export const smallestDiskGiB = 8
