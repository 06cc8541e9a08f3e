import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { build, type Message } from 'esbuild'
import { Failure } from '../../config/failure.ts'

// Dependencies in CommonJS call `require` for Node's own modules, which an ES module does not have.
const banner =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);"

/**
 * Bundles a service and everything it imports into one ES module for Node 24.
 *
 * @param name the service, for messages
 * @param entry absolute path of its TypeScript or JavaScript entry
 * @param projectFolder absolute; names in the output are relative to it, so that the same source gives the same bytes in every folder
 * @returns the module's text, which is `/app/server.mjs` in the image
 * @throws Failure with every message of esbuild as `file:line:column`
 */
export async function bundle(name: string, entry: string, projectFolder: string): Promise<string> {
  const folder = await realpath(projectFolder)
  const tsconfig = `${folder}/tsconfig.json`
  const result = await build({
    entryPoints: [await realpath(entry).catch(() => entry)],
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    outfile: `${folder}/server.mjs`,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    charset: 'utf8',
    legalComments: 'none',
    sourcemap: false,
    // The project's own tsconfig.json or none: one further up must not change what is built.
    ...(existsSync(tsconfig) ? { tsconfig } : { tsconfigRaw: {} }),
    define: { __filename: '"/app/server.mjs"', __dirname: '"/app"' },
    banner: { js: banner },
    logLevel: 'silent',
  }).catch((error: { errors?: Message[] }) => {
    if (!error.errors) throw error
    throw buildFailure(name, relative(folder, entry), error.errors)
  })
  let text = result.outputFiles[0]!.text
  for (const input of Object.keys(result.metafile.inputs)) {
    // Modules that lie outside of the project (a linked or hoisted node_modules) would show where: keep their name from node_modules on.
    if (input.startsWith('../')) text = text.replaceAll(input, stableName(input))
  }
  return text
}

function stableName(input: string): string {
  const start = input.lastIndexOf('node_modules/')
  return start < 0 ? basename(input) : input.slice(start)
}

function buildFailure(name: string, entry: string, errors: readonly Message[]): Failure {
  const lines = errors.map(({ text, location }) => (location ? `${location.file}:${location.line}:${location.column + 1}  ${text}` : text))
  const native = errors.some(({ text }) => text.includes('No loader is configured for ".node" files'))
  const missing = errors.some(({ text }) => text.startsWith('Could not resolve'))
  return new Failure(`The service ${name} could not be bundled: ${lines[0]}`, {
    on: `service ${name} (${entry})`,
    log: lines,
    ...(native && {
      likely: 'A dependency has native code, which cannot be bundled.',
      next: 'Give the service a dockerfile instead of an entry.',
    }),
    ...(missing && !native && { likely: 'A file or package that the service imports is not there.', next: 'npm install' }),
  })
}
