import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** @import { Work } from './run.ts' */
/** @import { Spec } from './usage.ts' */

/** The first Node that runs our TypeScript as it stands (https://nodejs.org/api/typescript.html). */
const oldest = 24

/**
 * Runs one script: reads its flags, does its work, prints what went wrong, sets the exit code. JavaScript without a
 * static import of TypeScript, so that an old Node gets as far as saying what to run instead.
 *
 * @template {Spec} const S
 * @param {S} spec what the script is called, what it does and which flags it has
 * @param {Work<S>} work gets `{ flags, positionals, terminal, signal }`, typed by the spec; loads TypeScript by `await
 *   import('….ts')`; returns nothing or `{ json, code }`; throws a Failure for what a person can act on
 */
export async function runbook(spec, work) {
  const refusal = tooOld(spec.name, process.versions.node, existsSync(new URL('../../node_modules', import.meta.url)))
  if (refusal) {
    process.stderr.write(`${refusal}\n`)
    process.exitCode = 2
    return
  }
  keepCompiled()
  const { run } = await import('./run.ts')
  await run(spec, work)
}

/**
 * Parsing the SDK and stripping types takes longer than everything else at the start of a script, so what it comes to
 * is kept. Not while coverage is measured, which would be less exact. It is code that will be run, so the folder is
 * closed to other users, whatever the umask; one that is another user's, or cannot be written to, is not used, which
 * costs the time and nothing else.
 */
function keepCompiled() {
  if (process.env.NODE_V8_COVERAGE) return
  const folder = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url))
  try {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o700)
  } catch {
    return
  }
  module.enableCompileCache(folder)
}

/**
 * What to run instead when this Node (`24.1.0`) is too old; undefined when it is not. The project brings a Node of its
 * own among its dependencies, which npx puts first.
 *
 * @param {string} name of the script
 * @param {string} version of this Node
 * @param {boolean} installed whether the dependencies are
 */
export function tooOld(name, version, installed) {
  if (Number.parseInt(version, 10) >= oldest) return undefined
  const command = `${installed ? '' : 'npm ci && '}npx zx scripts/${name}.mjs`
  return `This needs Node ${oldest} or newer and was started on Node ${version}. Run instead: ${command}`
}
