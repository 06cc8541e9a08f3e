import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The runner's file. */
export const runner = resolve(import.meta.dirname, '../run.ts')
const modules = resolve(import.meta.dirname, '../../node_modules')

/** What test files usually begin with. */
export const opening = "import { test } from 'uvu'\nimport * as assert from 'uvu/assert'\n"

/** What a run of the runner gave. */
export interface Ran {
  readonly code: number | null
  readonly output: string
  /** The last line that is not empty. */
  readonly last: string
}

/**
 * Lays out a project of these files in a temp folder, with the modules of this one.
 *
 * @param files content by path
 * @returns the folder; the caller removes it
 */
export function layProject(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'runner-test-'))
  symlinkSync(modules, join(root, 'node_modules'))
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

/** Runs the real runner on a project made of these files; `wanted` are its arguments. */
export function runIn(files: Record<string, string>, wanted: readonly string[] = []): Ran {
  const root = layProject(files)
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...wanted], { cwd: root, encoding: 'utf8' })
    return { code: status, output: stdout + stderr, last: stdout.trimEnd().split('\n').at(-1) ?? '' }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
