import { realpathSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../../report/failure.ts'
import { onPath } from '../../report/on-path.ts'
import { run } from '../run.ts'

/** A program of this machine with what it needs to start. */
export interface Program {
  /** The file itself, absolute, links resolved. */
  readonly file: string
  /** Shared libraries and the dynamic loader: where the program looks for them, and the file that lies there. */
  readonly libraries: readonly { readonly path: string; readonly file: string }[]
  /** Folders of libraries that no loader searches by itself; for `LD_LIBRARY_PATH`. */
  readonly libraryFolders: readonly string[]
}

/** How to get a program that people may lack. */
const packages: Readonly<Record<string, string>> = {
  prometheus: 'apt-get install prometheus, or brew install prometheus',
  alertmanager: 'apt-get install prometheus-alertmanager',
  'node-exporter': 'apt-get install prometheus-node-exporter, or brew install node_exporter',
  grafana: 'https://grafana.com/docs/grafana/latest/setup-grafana/installation/, or brew install grafana',
}

/**
 * Where a program lies that a shell would find by this name (Node itself by `node`), or undefined where there is none.
 */
export function programOnPath(name: string): string | undefined {
  // The running Node, not whatever else is first on the PATH.
  if (name === 'node') return process.execPath
  return onPath(name)
}

/** How to get this program, as a command or a page; undefined where we do not know. */
export function howToGet(name: string): string | undefined {
  return packages[name]
}

/**
 * Finds a program and what it is linked against.
 *
 * @throws Failure when it is not on the PATH, is a script, or lacks a library itself
 */
export async function findProgram(name: string): Promise<Program> {
  const found = programOnPath(name)
  if (!found) {
    const next = howToGet(name)
    throw new Failure(`There is no program "${name}" on the PATH of this machine.`, {
      on: `program ${name}`,
      likely: 'It is not installed, and the base "host" takes programs from this machine.',
      ...(next && { next }),
    })
  }
  const file = realpathSync(found)
  if ((await firstBytes(file)) === '#!') {
    throw new Failure(`The program "${name}" is a script (${file}); the base "host" can only take a binary.`, { on: `program ${name}` })
  }
  // macOS has no ldd, and its programs run only on macOS itself, where the libraries are in place.
  if (process.platform !== 'linux') return { file, libraries: [], libraryFolders: [] }
  const listed = await run('ldd', [file])
  // "not a dynamic executable" and "statically linked" end with 1 or 0, depending on the C library: such a program
  // needs nothing.
  const paths = listed.code === 0 ? parseLdd(listed.stdout, name) : []
  const libraries = [...paths, ...resolverLibraries(paths)].map((path) => ({ path, file: realpathSync(path) }))
  const libraryFolders = [...new Set(paths.map((path) => dirname(path)))].filter((folder) => !searchedByDefault(folder))
  return { file, libraries, libraryFolders }
}

async function firstBytes(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/**
 * The absolute paths in what `ldd` prints: `libm.so.6 => /lib/…/libm.so.6 (0x…)`, and the loader as
 * `/lib64/ld-linux-x86-64.so.2 (0x…)`.
 *
 * @throws Failure when a library is `not found`
 */
export function parseLdd(output: string, name: string): string[] {
  const paths: string[] = []
  for (const line of output.split('\n')) {
    const missing = /^\s*(\S+) => not found/.exec(line)
    if (missing)
      throw new Failure(`The program "${name}" lacks a library on this machine: ${missing[1]}`, {
        on: `program ${name}`,
        log: [line.trim()],
      })
    const path = /^\s*(?:\S+ => )?(\/\S+)(?: \(0x[0-9a-f]+\))?$/.exec(line)?.[1]
    if (path) paths.push(path)
  }
  return [...new Set(paths)]
}

/**
 * The C library loads these by name when a host name is looked up (before glibc 2.34 they hold the only resolver), so
 * `ldd` does not list them.
 */
function resolverLibraries(paths: readonly string[]): string[] {
  const libc = paths.find((path) => path.endsWith('/libc.so.6'))
  if (!libc) return []
  return ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']
    .map((file) => join(dirname(libc), file))
    .filter((path) => !paths.includes(path) && isThere(path))
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** The C library's own search path, with Debian's folder per architecture. */
function searchedByDefault(folder: string): boolean {
  return /^(\/usr)?\/lib(64)?(\/[a-z0-9_]+-linux-(gnu|musl)[a-z0-9]*)?$/.test(folder)
}
