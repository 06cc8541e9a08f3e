import type { Diagnostics } from '../diagnostics.ts'
import type { Draft } from '../draft.ts'
import { defaultInstance, smallestDiskGiB } from '../schema/instance.ts'

/** Finds swap files that would leave the system and the images less than the smallest disk has. */
export function checkDisk({ instance }: Draft, diagnostics: Diagnostics): void {
  const { diskGiB = defaultInstance.diskGiB, swapMiB = 0 } = instance ?? {}
  const most = (diskGiB - smallestDiskGiB) * 1024
  if (swapMiB <= most) return
  diagnostics.value(
    ['instance', 'swapMiB'],
    swapMiB,
    `at most ${most} MiB on a disk of ${diskGiB} GiB, of which the system and the images need ${smallestDiskGiB}`,
  )
}
