/**
 * test/crash holds the tests that take minutes to hours: what `npm test` does a few times, a thousand or a million
 * times. They are not part of `npm test`.
 *
 *   npm run test:crash               every file of this folder, one after the other
 *   npm run test:crash -- kill       the files whose names contain one of these
 *   npm run test:crash -- chaos --only power   what begins with the first flag is given to the files
 *
 * Each file is a program of its own, fails by its exit code, and may take the number of its rounds as an argument when
 * it is run alone. Files named `*.fixture.ts` are what others share, `*.test.ts` belong to `npm test`. The last line is
 * `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const words = process.argv.slice(2)
const flag = words.findIndex((word) => word.startsWith('--'))
const [wanted, given] = flag < 0 ? [words, []] : [words.slice(0, flag), words.slice(flag)]
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts' && !/\.(fixture|test)\.ts$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort()

let passed = 0
for (const file of files) {
  const started = performance.now()
  console.log(`${file} …`)
  const [code, signal] = await once(spawn(process.execPath, [join(import.meta.dirname, file), ...given], { stdio: 'inherit' }), 'exit')
  if (code === 0) passed++
  const outcome = code === 0 ? 'passed' : `failed with ${signal ?? `exit code ${code}`}`
  console.log(`${file} ${outcome} after ${((performance.now() - started) / 1000).toFixed(0)} s`)
}
// A run of nothing looks like one in which all is well.
const failed = files.length === 0 ? 1 : files.length - passed
if (files.length === 0) console.log(`No file of test/crash matches ${wanted.join(' ')}.`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
