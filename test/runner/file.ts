import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { judge, type Verdict } from './judge.ts'
import { alive, kill, leftovers } from './processes.ts'
import { readSource } from './source.ts'
import { readSummary } from './summary.ts'

/** What came of one test file. */
export interface Outcome extends Verdict {
  /** Relative to the project. */
  readonly file: string
  readonly seconds: number
  /** Everything it wrote, both streams in their order. */
  readonly output: string
}

export interface Surroundings {
  /** The project's folder, absolute. */
  readonly root: string
  /** A folder for the files' outputs, absolute. */
  readonly folder: string
  /** Where V8 writes coverage, absolute; undefined where it is not measured. */
  readonly coverage: string | undefined
}

/** The files that are running, each with what ends it. */
const running = new Set<() => void>()

/** Kills every file that is running, with all that it started. */
export function killAll(): void {
  for (const end of running) end()
}

/**
 * Runs one test file in a process, a process group and a session of its own. Its output goes to a file and not through
 * a pipe, so a process that outlives it cannot hold the run up.
 */
export async function runFile(file: string, { root, folder, coverage }: Surroundings): Promise<Outcome> {
  const started = performance.now()
  const source = readSource(readFileSync(join(root, file), 'utf8'))
  const id = randomUUID()
  const log = join(folder, `${id}.log`)
  const descriptor = openSync(log, 'a')
  const child = spawn(process.execPath, [file], {
    cwd: root,
    detached: true,
    stdio: ['ignore', descriptor, descriptor],
    env: {
      // Tests run side by side, all of them at 127.0.0.1, each on ports of its own.
      MLOPS_LOOPBACK: 'shared',
      ...process.env,
      // Whatever a test starts as `node` is the Node that runs the tests.
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      TEST_FILE_RUN: id,
      ...(coverage ? { NODE_V8_COVERAGE: coverage } : {}),
    },
  })
  closeSync(descriptor)
  const group = child.pid!
  const mark = `TEST_FILE_RUN=${id}`
  const end = () => kill(alive(group, mark))
  running.add(end)
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    end()
  }, source.limit * 1000)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    clearTimeout(timer)
    const left = timedOut ? [] : await leftovers(group, mark)
    end()
    const output = readFileSync(log, 'utf8')
    const verdict = judge({ source, summary: readSummary(output), code, signal, timedOut, left: left.map(({ command }) => command) })
    return { file, output, seconds: (performance.now() - started) / 1000, ...verdict }
  } finally {
    clearTimeout(timer)
    running.delete(end)
  }
}
