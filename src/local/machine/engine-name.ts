/** The container engines that an instance may have: a stand-in that needs nothing but Node, and Docker itself. */
export const engineNames = ['stand-in', 'docker'] as const

export type EngineName = (typeof engineNames)[number]
