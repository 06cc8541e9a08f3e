import type { Family } from '../case.ts'
import { abandoned } from './abandoned.ts'
import { burst } from './burst.ts'
import { expansion } from './expansion.ts'
import { nesting } from './nesting.ts'
import { protocol } from './protocol.ts'
import { repetition } from './repetition.ts'
import { size } from './size.ts'
import { slow } from './slow.ts'

/** In the order in which they are tried: what is cheap for this machine first. */
export const families: readonly Family[] = [protocol, nesting, repetition, size, expansion, abandoned, slow, burst]
