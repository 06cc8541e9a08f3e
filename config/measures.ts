import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Measure } from './config.ts'
import { measures } from './objectives.ts'

/** Source files, of whichever language a Dockerfile builds; tests and smoke tests name metrics that they only look at. */
const source = /(?<!\.(test|fixture|bench)|smoke)\.(ts|mts|js|mjs|py|go|rs|java|rb)$/

/**
 * What a service measures beside its requests, found by the names of the metrics in its own source files. Whoever copies a service under
 * another name gets the alerts and panels of the first, and who removes the metric loses them.
 *
 * @param file the service's entry or Dockerfile, absolute; the files beside it are its own
 */
export function measuresIn(file: string): Measure[] {
  const folder = dirname(file)
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry: Dirent) => entry.isFile() && source.test(entry.name))
    .map(({ name }) => readFileSync(join(folder, name), 'utf8'))
  return (Object.keys(measures) as Measure[]).filter((measure) => texts.some((text) => text.includes(measures[measure])))
}
