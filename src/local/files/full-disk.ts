/**
 * Does what writes a file, and makes an error of a full disk name that file: what Node says of a write that found no
 * room has no path.
 * @throws what `work` throws
 */
export function namingFile<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw withFile(file, error)
  }
}

/** The error, with the file in its message where it says that a disk is full and not which. */
export function withFile(file: string, error: unknown): unknown {
  const full = error as NodeJS.ErrnoException
  if ((full?.code !== 'ENOSPC' && full?.code !== 'EDQUOT') || full.message.includes(file)) return error
  full.message += `, '${file}'`
  full.path ??= file
  return full
}
