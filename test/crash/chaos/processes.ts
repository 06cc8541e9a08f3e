import { kill, type Process, processesOf } from '../../support/processes.ts'

/**
 * What the processes of a local stage are. A container is named as in the config; `secrets` is the one that fetches
 * them.
 */
export const roles = [
  'cloud',
  'forwarder',
  'machine',
  'engine',
  'secrets',
  'ml-inference',
  'data-ingestion',
  'prometheus',
  'alertmanager',
] as const
export type Role = (typeof roles)[number]

/** By what a process is told: its own program, not that of whoever runs it. */
const signs: Readonly<Record<Role, (process: Process) => boolean>> = {
  cloud: ({ command }) => command.includes('/src/local/main.ts '),
  forwarder: ({ command }) => command.includes('/src/local/forwarder/main.ts '),
  machine: ({ command }) => command.includes('/src/local/machine/main.ts '),
  // Where the engine, or what it puts between itself and a container, is no part of the machine's process.
  engine: ({ command }) => /\/src\/local\/machine\/docker\/[\w-]+\.ts /.test(command),
  secrets: (process) => contained(process) && /\/rootfs\/run\/secrets /.test(process.command),
  'ml-inference': (process) => contained(process) && process.environment.includes('\0SERVICE_NAME=ml-inference\0'),
  'data-ingestion': (process) => contained(process) && process.environment.includes('\0SERVICE_NAME=data-ingestion\0'),
  prometheus: (process) => contained(process) && /\/rootfs\/bin\/prometheus /.test(process.command),
  alertmanager: (process) => contained(process) && /\/rootfs\/bin\/(prometheus-)?alertmanager /.test(process.command),
}

function contained({ command }: Process): boolean {
  return /^\S*\/docker\/containers\/\w+\/rootfs\//.test(command)
}

/** Who plays which role in the stage of a folder, and in no other: the numbers of their processes. */
export function castOf(folder: string): Map<Role, number[]> {
  const cast = new Map<Role, number[]>()
  for (const process of processesOf(folder)) {
    const role = roles.find((each) => signs[each](process))
    if (role) cast.set(role, [...(cast.get(role) ?? []), process.pid])
  }
  return cast
}

/** The instances that run in a folder. */
export function instancesOf(folder: string): string[] {
  return [...new Set(processesOf(folder).flatMap(({ environment }) => /\bMLOPS_INSTANCE=(i-\w+)/.exec(environment)?.[1] ?? []))]
}

/** Whether a process is there. */
export function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Sends a signal to all of them at once; one that has ended meanwhile is as good. */
export function send(pids: readonly number[], signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Ends everything of a folder as a power cut does: nobody sees anybody else end, and nobody is started again. */
export function cutPower(folder: string): void {
  for (let left = processesOf(folder); left.length > 0; left = processesOf(folder)) {
    const pids = left.map(({ pid }) => pid)
    send(pids, 'SIGSTOP')
    kill(pids)
  }
}
