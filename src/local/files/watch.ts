import { type FSWatcher, watch } from 'node:fs'

/**
 * Calls whenever something changes in a folder, and every so often by itself: notifications of the file system may be
 * lost, and a system that has no more of them to give (`ENOSPC` of inotify_add_watch(2)) must cost time and nothing
 * else.
 * @param every in ms
 * @param name of the only file in it that matters: who writes others there must not wake itself
 * @returns how to stop
 */
export function watchFolder(folder: string, every: number, look: () => void, name?: string): () => void {
  const timer = setInterval(look, every)
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(folder, (_, changed) => (name === undefined || changed === null || changed === name) && look())
    // A folder that goes away is noticed by the look.
    watcher.on('error', () => watcher?.close())
  } catch (error) {
    console.error(`changes in ${folder} are noticed late: ${(error as Error).message}`)
  }
  return () => {
    clearInterval(timer)
    watcher?.close()
  }
}
