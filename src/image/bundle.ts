import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import type { Message, Plugin } from 'esbuild'
import { Failure } from '../report/failure.ts'
import { isNative, type NativePackage } from './base/native.ts'
import { packageName, packageRoot } from './package.ts'

// Dependencies in CommonJS call `require` for Node's own modules, which an ES module does not have.
const banner =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);"

/**
 * Bundles a service and everything it imports into one ES module for Node 24. Packages with native addons cannot be
 * bundled: they stay imports, and are named.
 *
 * @param name the service, for messages
 * @param entry absolute path of its TypeScript or JavaScript entry
 * @param projectFolder absolute; names in the output are relative to it, so that the same source gives the same bytes
 *   in every folder
 * @returns the module's text, which is `/app/server.mjs` in the image, and the packages that it needs beside it, sorted
 *   by name
 * @throws Failure with every message of esbuild as `file:line:column`
 */
export async function bundle(name: string, entry: string, projectFolder: string): Promise<{ text: string; natives: NativePackage[] }> {
  const found = new Map<string, Set<string>>()
  const folder = await realpath(projectFolder)
  const tsconfig = `${folder}/tsconfig.json`
  // Loaded here, since most scripts build nothing.
  const { build } = await import('esbuild')
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
    plugins: [leaveNatives(found)],
    logLevel: 'silent',
  }).catch((error: { errors?: Message[] }) => {
    if (!error.errors) throw error
    throw buildFailure(name, relative(folder, entry), error.errors)
  })
  let text = result.outputFiles[0]!.text
  for (const input of Object.keys(result.metafile.inputs)) {
    // Modules that lie outside of the project (a linked or hoisted node_modules) would show where: keep their name from
    // node_modules on.
    if (input.startsWith('../')) text = text.replaceAll(input, stableName(input))
  }
  return { text, natives: nativesOf(name, found) }
}

/**
 * Leaves imports of packages with native addons as they are, and notes which modules they lead to, by the package's
 * folder.
 */
function leaveNatives(found: Map<string, Set<string>>): Plugin {
  return {
    name: 'native packages',
    setup(building) {
      // Names of packages only: neither relative nor absolute paths.
      building.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === leaveNatives || from.kind === 'entry-point') return undefined
        const module = await building.resolve(path, { ...from, pluginData: leaveNatives })
        const root = module.errors.length === 0 && !module.external ? packageRoot(module.path) : undefined
        // Inside of a package its own name is no import of another one.
        if (!root || root === packageRoot(from.importer) || !(await isNative(root))) return undefined
        found.set(root, (found.get(root) ?? new Set()).add(module.path))
        return { path, external: true }
      })
    },
  }
}

function nativesOf(service: string, found: ReadonlyMap<string, ReadonlySet<string>>): NativePackage[] {
  const natives = [...found].map(([root, entries]) => ({ name: packageName(root), root, entries: [...entries].sort() }))
  const sorted = natives.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const twice = sorted.find(({ name }, index) => sorted[index + 1]?.name === name)
  if (!twice) return sorted
  throw new Failure(
    `The service ${service} imports two versions of ${twice.name}, a package with native code, of which an image holds one.`,
    {
      on: `service ${service}`,
      log: sorted.filter(({ name }) => name === twice.name).map(({ root }) => root),
      next: `npm ls ${twice.name}`,
    },
  )
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
      likely: 'It imports a file of native code by its path. Only packages with native code are put into the image.',
      next: 'Move the file into a package, or give the service a dockerfile instead of an entry.',
    }),
    ...(missing && !native && { likely: 'A file or package that the service imports is not there.', next: 'npm install' }),
  })
}
