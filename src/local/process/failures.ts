import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Failure } from '../../report/failure.ts'
import { readCloudState } from './cloud-state.ts'
import { exitCodes } from './exit-codes.ts'

/** A cloud that ended before it answered, in words, by its exit code. */
export function didNotStart(folder: string, code: number): Failure {
  const on = `embedded cloud in ${folder}`
  if (code === exitCodes.full)
    return new Failure('The disk is full: the embedded cloud cannot keep its state. What it had is intact.', {
      on,
      next: `df -h ${folder}`,
    })
  if (code === exitCodes.port) {
    const port = readCloudState(folder)?.port
    return new Failure(`Port ${port}, on which the embedded cloud has been since its first start, is held by another program.`, {
      on,
      likely: 'Image references and running instances name that port, so it cannot move while there are any.',
      next: whoListens(port),
    })
  }
  return new Failure('The embedded cloud did not start.', { on, log: lastLines(folder), next: `cat ${path.join(folder, 'cloud.log')}` })
}

/** That a cloud runs and says nothing, as the beginning of a sentence. */
export function silentCloud(folder: string): string {
  return `The embedded cloud in ${folder} runs (process ${readCloudState(folder)?.pid}) and does not answer`
}

/** A cloud that `does not answer`, or `does not end`, in time. */
export function unresponsive(how: string, folder: string): Failure {
  const pid = readCloudState(folder)?.pid
  // One that was stopped or hangs takes no other signal; what it has acknowledged is on the disk, and the next script
  // starts another one, while machines and public ports go on.
  const next = pid === undefined ? {} : { next: `kill -9 ${pid}` }
  return new Failure(`The embedded cloud ${how}.`, { on: `embedded cloud in ${folder}`, log: lastLines(folder), ...next })
}

/** The command that shows which program holds a port. */
export function whoListens(port: number | undefined): string {
  return process.platform === 'linux' ? `ss -ltnp 'sport = :${port}'` : `lsof -nP -iTCP:${port} -sTCP:LISTEN`
}

function lastLines(folder: string): string[] {
  const file = path.join(folder, 'cloud.log')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20) : []
}
