import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { transform } from 'esbuild'

/**
 * Reports the coverage that V8 has written and holds it against the threshold of `.c8rc.json`.
 *
 * @param root the project's folder, absolute
 * @param measured the folder that was `NODE_V8_COVERAGE`
 * @returns a sentence where coverage is too low or could not be told, undefined where all is well
 */
export async function reportCoverage(root: string, measured: string): Promise<string | undefined> {
  const config = JSON.parse(readFileSync(join(root, '.c8rc.json'), 'utf8')) as { include: string[]; exclude: string[] }
  const file = join(measured, 'c8.config')
  writeFileSync(file, JSON.stringify({ ...config, exclude: [...config.exclude, ...(await typeFiles(root, config.include))] }))
  const c8 = createRequire(join(root, 'package.json')).resolve('c8/bin/c8.js')
  const { NODE_V8_COVERAGE, ...env } = process.env
  const child = spawn(process.execPath, [c8, 'report', '--config', file, '--temp-directory', measured], {
    cwd: root,
    stdio: 'inherit',
    env,
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return code === 0
    ? undefined
    : `Coverage is below the threshold in .c8rc.json, or could not be reported (c8: ${signal ?? `exit code ${code}`}).`
}

/**
 * Files that hold types only. They are never loaded, so V8 knows nothing of them, and all of their lines would count as
 * not covered. Asking for files that exist but never ran is the point of c8's `all`; these have nothing that could run.
 */
async function typeFiles(root: string, include: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of globSync([...include], { cwd: root })) {
    if (!path.endsWith('.ts')) continue
    const { code } = await transform(readFileSync(join(root, path), 'utf8'), { loader: 'ts' })
    if (code.trim() === '') found.push(path)
  }
  return found
}
