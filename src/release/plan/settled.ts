/**
 * Waits for the end of every work, so that nothing goes on behind a clean-up, and throws the first error only then.
 * @returns the results, in the order of the works
 */
export async function settled<const T extends readonly Promise<unknown>[]>(works: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(works)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  }) as { -readonly [K in keyof T]: Awaited<T[K]> }
}
