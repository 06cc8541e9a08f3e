import { readFileSync } from 'node:fs'

/**
 * Which room may import which: the table in docs/architecture.md is the rule itself, so it cannot become untrue. `npm
 * run check` holds every import against it. Tests may import whatever they test.
 */
const rooms = readRooms(readFileSync(new URL('docs/architecture.md', import.meta.url), 'utf8'))

/** The rows of the first table: paths in the first column, what they may import in the last. */
function readRooms(text) {
  const rows = /^\| room .*\n\|[-| ]+\n((?:\|.*\n)+)/m.exec(text)?.[1].trim().split('\n') ?? []
  const paths = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => path)
  return rows.map((row) => {
    const cells = row.split('|').slice(1, -1)
    return { paths: paths(cells[0]), mayImport: paths(cells.at(-1)) }
  })
}

const pattern = (path) => `^${path.replaceAll('.', '\\.')}${path.endsWith('/') ? '' : '$'}`
const tests = '(^test/|\\.(test|fixture)\\.(ts|mjs)$)'

const perRoom = rooms
  .filter(({ paths }) => !paths.includes('test/'))
  .map(({ paths, mayImport }) => ({
    name: `what ${paths[0]} may import`,
    comment: 'docs/architecture.md says what each room may import.',
    severity: 'error',
    // A room within a room has a row of its own.
    from: { path: paths.map(pattern), pathNot: [tests, ...inner(paths).map(pattern)] },
    to: { path: '^(src|config|services|monitoring|scripts|test)/|^mlops\\.config\\.ts$', pathNot: [...paths, ...mayImport].map(pattern) },
  }))

function inner(paths) {
  return rooms.flatMap((room) => room.paths).filter((path) => !paths.includes(path) && paths.some((outer) => path.startsWith(outer)))
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...perRoom,
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing that nobody uses',
      severity: 'error',
      // Programs and entries are started, not imported.
      from: {
        orphan: true,
        pathNot: [tests, '^test/', '/(main|server|smoke|[\\w-]+-inside)\\.ts$'],
      },
      to: {},
    },
    {
      name: 'every file has a room',
      comment: 'docs/architecture.md has no row for this folder.',
      severity: 'error',
      from: { path: '^src/', pathNot: rooms.flatMap(({ paths }) => paths).map(pattern) },
      to: {},
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^(src|config|services|monitoring|scripts|test)/|^mlops\\.config\\.ts$',
    enhancedResolveOptions: { extensions: ['.ts', '.mjs'] },
  },
}
