import { globSync } from 'node:fs'

/** Where tests lie: the tree under `test/`, and each service's own beside its code. */
const places = ['test/**/*.test.ts', 'services/**/*.test.ts']

/**
 * Finds the test files to run.
 *
 * @param root the project's folder, absolute
 * @param wanted names or parts of paths; empty means every file
 * @returns paths relative to `root`, sorted, and one sentence for everything that was asked for and is not there:
 *   a run that quietly tests nothing looks like a run in which all is well
 */
export function findTests(root: string, wanted: readonly string[]): { files: string[]; problems: string[] } {
  const all = globSync(places, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort()
  if (wanted.length === 0) {
    return { files: all, problems: all.length === 0 ? [`No test file matches ${places.join(' or ')} in ${root}.`] : [] }
  }
  const asked = wanted.map((word) => word.replace(/^\.\//, ''))
  const problems = asked.filter((word) => !all.some((path) => path.includes(word))).map((word) => `No test file matches "${word}".`)
  return { files: all.filter((path) => asked.some((word) => path.includes(word))), problems }
}
