/**
 * How a release comes up: `blue-green` builds a new machine beside the one that serves, `recreate` removes what serves
 * first. The one list of them: schema, types, flags and plans follow from it.
 */
export const strategies = ['blue-green', 'recreate'] as const
export type Strategy = (typeof strategies)[number]
