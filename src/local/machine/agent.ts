import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { watchFolder } from '../files/watch.ts'
import { readWhole, writeWhole } from '../files/whole.ts'
import { outputLimits, type Running, runScript, type ScriptResult } from './commands/script.ts'
import { agentEnvironment, machineEnvironment } from './environment.ts'
import { type InstanceFolder, type Outcome, type Request, rebootWish, type Settings } from './folder.ts'

/** The agent's number of command workers (amazon-ssm-agent.json, `Mds.CommandWorkersLimit`). */
const workers = 5
/** Of a script that has not ended. */
const silent = { code: -1, stdout: '', stderr: '' } as const

/**
 * Starts the part of the SSM agent that executes Run Commands: it takes requests from the inbox, runs at most five at
 * once, and puts what became of them into the outbox.
 *
 * @param reboot restarts the machine; called when a script ends with 194, which is then run again from the top
 */
export function startAgent(folder: InstanceFolder, settings: Settings, reboot: () => Promise<void>): void {
  const waiting: Request[] = []
  const running = new Map<string, Running | undefined>()
  mkdirSync(folder.inbox, { recursive: true })
  mkdirSync(folder.commands, { recursive: true })

  /** What a full disk does not let it take in is taken in once there is room. */
  const read = () => {
    try {
      takeIn()
    } catch (error) {
      console.error(`cannot take in a command: ${(error as Error).message}`)
    }
    while (running.size < workers && waiting.length > 0) void execute(waiting.shift()!)
  }
  const takeIn = () => {
    const names = readdirSync(folder.inbox)
    for (const name of names.filter((name) => name.endsWith('.json'))) accept(name)
    for (const name of names.filter((name) => name.endsWith('.cancel'))) cancel(name)
    if (existsSync(rebootWish(folder))) restart()
  }
  /**
   * The cloud wishes it. The real wish comes by the virtual machine's power button; here it lies where the machine
   * looks anyway.
   */
  const restart = () => {
    rmSync(rebootWish(folder), { force: true })
    reboot().catch((error) => console.error('reboot:', error))
  }
  const accept = (name: string) => {
    const request = readWhole<Request>(join(folder.inbox, name))
    if (request === undefined) return
    const own = join(folder.commands, request.commandId)
    // A cloud that was killed right after delivering delivers again; the command still runs once.
    if (existsSync(join(own, 'request.json'))) return rmSync(join(folder.inbox, name), { force: true })
    mkdirSync(own, { recursive: true })
    renameSync(join(folder.inbox, name), join(own, 'request.json'))
    waiting.push(request)
  }
  const cancel = (name: string) => {
    rmSync(join(folder.inbox, name), { force: true })
    const commandId = name.slice(0, -'.cancel'.length)
    running.get(commandId)?.kill('cancel')
    const index = waiting.findIndex((request) => request.commandId === commandId)
    if (index < 0) return
    waiting.splice(index, 1)
    const now = new Date().toISOString()
    report({ ...silent, commandId, status: 'Cancelled', details: 'Cancelled', started: now, ended: now })
  }
  const latest = new Map<string, Outcome>()
  /** On a full disk it is tried again until there is room: an outcome is never lost while the machine runs. */
  const report = (outcome: Outcome) => {
    latest.set(outcome.commandId, outcome)
    try {
      writeWhole(join(folder.outbox, `${outcome.commandId}.json`), outcome)
      if (outcome.ended !== undefined) latest.delete(outcome.commandId)
    } catch (error) {
      console.error(`cannot report command ${outcome.commandId}: ${(error as Error).message}`)
      setTimeout(() => latest.get(outcome.commandId) === outcome && report(outcome), 1000)
    }
  }
  const execute = async (request: Request) => {
    const { commandId } = request
    running.set(commandId, undefined)
    try {
      const started = new Date().toISOString()
      report({ ...silent, commandId, status: 'InProgress', details: 'InProgress', started })
      for (;;) {
        const script = start(request)
        running.set(commandId, script)
        const result = await script.ended
        if (result.code !== 194 || result.killed) {
          report({ commandId, ...verdict(result), started, ended: new Date().toISOString() })
          break
        }
        await reboot()
      }
    } catch (error) {
      console.error(`command ${commandId}:`, error)
      const now = new Date().toISOString()
      report({ commandId, status: 'Failed', details: 'Failed', code: 1, stdout: '', stderr: `${said(error)}\n`, started: now, ended: now })
    } finally {
      running.delete(commandId)
      read()
    }
  }
  const start = (request: Request): Running => {
    const cwd = request.workingDirectory ?? folder.root
    if (!existsSync(cwd)) throw new Error(`the working directory ${cwd} does not exist`)
    const env = { ...machineEnvironment(folder, settings), ...agentEnvironment(settings, request.commandId) }
    return runScript(request.commands.join('\n'), join(folder.commands, request.commandId), cwd, env, request.timeoutSeconds)
  }

  watchFolder(folder.inbox, 1000, read)
  read()
}

/** In words that a person can act on where the disk is full. */
function said(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' && path ? `${error}\nThe disk of this machine is full. Free some space there: df -h ${path}` : String(error)
}

/**
 * What the agent makes of a script's end (AWS Systems Manager User Guide, "Handling reboots", and the agent's
 * run-script plugin).
 */
export function verdict({
  code,
  killed,
  stdout,
  stderr,
}: ScriptResult): Pick<Outcome, 'status' | 'details' | 'code' | 'stdout' | 'stderr'> {
  if (killed === undefined && (code === 0 || code === 168)) return { status: 'Success', details: 'Success', code, stdout, stderr }
  const why = `failed to run commands: ${killed ? 'signal: killed' : `exit status ${code}`}`
  const said = { code, stdout, stderr: code === 0 || code === 168 ? stderr : `${stderr}${why}`.slice(0, outputLimits.stderr) }
  if (killed === 'cancel') return { ...said, status: 'Cancelled', details: 'Cancelled' }
  if (killed === 'timeout' || code === 137) return { ...said, status: 'TimedOut', details: 'Execution Timed Out', code: 137 }
  return { ...said, status: 'Failed', details: 'Failed' }
}
