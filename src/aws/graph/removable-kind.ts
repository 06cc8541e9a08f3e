import type { Kind } from './inventory.ts'
import type { Needs, Resource } from './resource.ts'

/** A kind that can be removed by what its listing showed, without a resource that says how one is made. */
export interface RemovableKind<Out> extends Kind<Out>, Pick<Resource<Out, Needs>, 'remove' | 'label' | 'clear' | 'blockers'> {}
