import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** How a config file outside the project imports the config language. */
export const importLine = `import { defineConfig } from '${resolve(import.meta.dirname, '../../config/index.ts')}'`

/** A project of its own in a temp folder, which is gone when the process ends. */
const root = realpathSync(mkdtempSync(join(tmpdir(), 'mlops-config-')))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))

let made = 0

/**
 * Makes a project folder with these files: path → text.
 *
 * @returns the folder, absolute
 */
export async function project(files: Record<string, string>): Promise<string> {
  const folder = join(root, String(++made))
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}
