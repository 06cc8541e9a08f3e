import type { Strategy } from '../../../../config/strategy.ts'
import type { Replacement } from '../release-operations.ts'
import type { Work } from '../work.ts'
import { blueGreen } from './blue-green.ts'
import { recreate } from './recreate.ts'

/**
 * How a release takes the place of what is there, by strategy. Each is a function of what is wanted and what is there,
 * and does nothing.
 */
export const replacements: Readonly<Record<Strategy, (work: Work) => Replacement>> = { 'blue-green': blueGreen, recreate }
