import { ApiError, type Store } from '../cloud.ts'

/**
 * For how long a name is not given out again after its parameter was deleted, in seconds. AWS asks to wait for "at
 * least 30 seconds" (DeleteParameter in the API reference of Systems Manager); here it is a tenth of that, and
 * MLOPS_PARAMETER_REUSE_SECONDS says otherwise.
 */
function reuseSeconds(env: NodeJS.ProcessEnv = process.env): number {
  return Number(env.MLOPS_PARAMETER_REUSE_SECONDS ?? 3)
}

/** Remembers that the parameter of this name was deleted, and forgets those whose time is over. */
export function keepDeletedName(store: Store, Name: string): void {
  for (const old of store.list('deletedParameter')) if (isFree(old.DeletedAt)) store.delete('deletedParameter', old.Name)
  store.put('deletedParameter', Name, { Name, DeletedAt: Date.now() })
}

/**
 * Refuses a name that was deleted too short a time ago. The reference names no error for that. What a store that is
 * late to forget answers is what clients have to bear: that the parameter is there, or that it is being changed.
 * @throws ApiError ParameterAlreadyExists for a create, TooManyUpdates for an overwrite
 */
export function refuseDeletedName(store: Store, name: string, overwrite: boolean): void {
  const deleted = store.get('deletedParameter', name)
  if (!deleted || isFree(deleted.DeletedAt)) return
  if (overwrite) throw new ApiError('TooManyUpdates', 'There are concurrent updates for a resource that supports one update at a time.')
  throw new ApiError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  )
}

function isFree(deletedAt: number): boolean {
  return Date.now() - deletedAt >= reuseSeconds() * 1000
}
