import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Alert, RuleFile, RuleGroup } from '../../monitoring/rule-file.ts'

const run = promisify(execFile)

/** Whether a program is on the PATH. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/** Runs a program to its end; its output, both streams, is the error's message when it fails. */
export async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args, { maxBuffer: 1 << 24 }).catch((error) => {
    throw new Error(`${program} ${args.join(' ')}\n${error.stdout}${error.stderr}`)
  })
  return stdout + stderr
}

/** Gives work a new folder and removes that afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mlops-monitoring-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** All alerts of rule files. */
export function alertsIn(files: Readonly<Record<string, RuleFile>>): Alert[] {
  return groupsIn(files).flatMap(({ rules }) => rules.filter((rule): rule is Alert => 'alert' in rule))
}

export function groupsIn(files: Readonly<Record<string, RuleFile>>): RuleGroup[] {
  return Object.values(files).flatMap(({ groups }) => [...groups])
}
