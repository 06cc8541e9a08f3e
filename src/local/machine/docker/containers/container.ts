import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { writeWhole } from '../../../files/whole.ts'
import { signal } from '../../process-table.ts'
import { daemon } from '../refusal.ts'
import type { Program } from '../socket/frames.ts'
import { openLog } from './container-log.ts'
import type { ContainerRecord } from './container-record.ts'

/** The streams of whoever runs a container in the foreground. */
export interface Attached {
  readonly stdin?: Readable | undefined
  readonly stdout: (chunk: Buffer) => void
  readonly stderr: (chunk: Buffer) => void
}

/** One container: its process, its log, its restarts. */
export type Container = ReturnType<typeof openContainer>

/**
 * Docker's backoff between restarts: 100 ms, doubled each time up to a minute, from the start again after ten seconds
 * of running.
 */
const backoff = { first: 100, most: 60_000, wellAfter: 10_000 } as const

/**
 * @param folder its own folder
 * @param program asked for at every start: mounts and neighbours may have changed
 */
export function openContainer(folder: string, known: ContainerRecord, program: (record: ContainerRecord) => Program) {
  let record = known
  const events = new EventEmitter()
  events.setMaxListeners(0)
  mkdirSync(folder, { recursive: true })
  const { maxSize, maxFile } = record.host
  const log = openLog(join(folder, 'container.log'), { ...(maxSize && { maxSize }), ...(maxFile && { maxFile }) })
  let child: ChildProcess | undefined
  let pause: number = backoff.first
  let timer: NodeJS.Timeout | undefined
  /** Set while the disk does not take its record. */
  let unsaved: NodeJS.Timeout | undefined
  /** Set while somebody wants it stopped: no restart then. */
  let stopping = false
  let off = false

  const save = () => writeWhole(join(folder, 'container.json'), record)
  const update = (change: Partial<ContainerRecord>) => {
    record = { ...record, ...change }
    if (off) return
    try {
      save()
    } catch (error) {
      // A full disk must not take down what runs, and what it did not take is written when there is room.
      if (!unsaved) console.error(`cannot write down the state of ${record.name}: ${(error as Error).message}; it is tried again`)
      unsaved ??= setInterval(saveLater, 1000).unref()
    }
  }
  const saveLater = () => {
    try {
      if (!off) save()
    } catch {
      return // still no room
    }
    clearInterval(unsaved)
    unsaved = undefined
  }
  const state = (change: Partial<ContainerRecord['state']>) => update({ state: { ...record.state, ...change } })

  const launch = async (attached: Attached | undefined) => {
    let started: ChildProcess
    try {
      const { file, args, env, cwd } = program(record)
      started = spawn(file, args, { cwd, env: { ...env }, detached: true, stdio: [attached?.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
      await new Promise<void>((resolve, reject) => started.once('spawn', resolve).once('error', reject))
    } catch (error) {
      throw failedStart(error as NodeJS.ErrnoException)
    }
    child = started
    wire(started, attached)
    const begun = Date.now()
    state({ status: 'running', pid: started.pid!, startedAt: new Date(begun).toISOString(), exitCode: 0, error: '', oomKilled: false })
    started.once('exit', (code, name) => {
      // What it has started ends with it, as in a container.
      signal(-started.pid!, 'SIGKILL')
      void drained(started).then(() => ended(code ?? 128 + (constants.signals[name ?? 'SIGKILL'] ?? 9), Date.now() - begun))
    })
  }
  const wire = (started: ChildProcess, attached: Attached | undefined) => {
    for (const stream of ['stdout', 'stderr'] as const)
      started[stream]!.on('data', (chunk: Buffer) => {
        log.write(stream, chunk)
        attached?.[stream](chunk)
      })
    if (attached?.stdin) {
      // It may end without having read everything.
      started.stdin!.on('error', () => attached.stdin?.unpipe())
      attached.stdin.pipe(started.stdin as Writable)
    }
  }
  const ended = (exitCode: number, ranFor: number) => {
    child = undefined
    log.flush()
    if (off) return void events.emit('end', exitCode)
    const again = !stopping && record.host.restart.name !== 'no'
    state({ status: again ? 'restarting' : 'exited', pid: 0, exitCode, finishedAt: new Date().toISOString() })
    if (!again) return void events.emit('end', exitCode)
    if (ranFor > backoff.wellAfter) pause = backoff.first
    restartSoon()
  }
  const restartSoon = () => {
    timer = setTimeout(() => void restartNow(), pause)
    pause = Math.min(pause * 2, backoff.most)
  }
  const restartNow = async () => {
    timer = undefined
    update({ restartCount: record.restartCount + 1 })
    try {
      await launch(undefined)
    } catch (error) {
      log.write('stderr', Buffer.from(`${(error as Error).message}\n`))
      state({ status: 'restarting', error: (error as Error).message })
      restartSoon()
    }
  }
  const rest = () => {
    if (!timer) return
    clearTimeout(timer)
    timer = undefined
    state({ status: 'exited' })
    events.emit('end', record.state.exitCode)
  }
  /** Resolves to the exit code when it has ended for good. */
  const wait = async (): Promise<number> => (child || timer ? (await once(events, 'end'))[0] : record.state.exitCode)

  return {
    get record() {
      return record
    },
    log,
    /** Writes down what it is. @throws what the file system throws */
    save,
    wait,

    /** @throws Refusal when it cannot be started; it is then as it was, with the reason in its state. */
    async start(attached?: Attached) {
      if (child || timer) return
      stopping = false
      pause = backoff.first
      update({ stoppedByUser: false })
      try {
        await launch(attached)
      } catch (error) {
        state({ error: (error as Error).message, exitCode: 127 })
        throw error
      }
    },

    /** The stop signal, then SIGKILL after so many seconds; it stays stopped until it is started again. */
    async stop(seconds = record.stopTimeout) {
      stopping = true
      update({ stoppedByUser: true })
      rest()
      if (!child?.pid) return
      const end = wait()
      signal(child.pid, record.stopSignal)
      const last = setTimeout(() => child?.pid && signal(-child.pid, 'SIGKILL'), seconds * 1000)
      await end
      clearTimeout(last)
    },

    kill(name: NodeJS.Signals) {
      if (!child?.pid) throw daemon(`cannot kill container: ${record.name}: container ${record.id} is not running`)
      if (name === 'SIGKILL') {
        stopping = true
        update({ stoppedByUser: true })
      }
      signal(name === 'SIGKILL' ? -child.pid : child.pid, name)
    },

    /** Ends one of its processes as a kernel does that has no memory left for it; its restart policy goes on. */
    outOfMemory(pid: number) {
      state({ oomKilled: true })
      signal(pid, 'SIGKILL')
    },

    /** Says that it has ended with its machine: docker shows 255 then. */
    lost: () => state({ status: 'exited', pid: 0, exitCode: 255 }),

    /** Kills it as a power cut would: what is on the disk says that it was running. */
    async powerOff() {
      off = true
      clearTimeout(timer)
      timer = undefined
      if (child?.pid) {
        const end = wait()
        signal(-child.pid, 'SIGKILL')
        await end
      }
      off = false
    },
  }
}

/** Reads what is left in the pipes; a process that moved to another group must not keep the container from ending. */
async function drained(child: ChildProcess): Promise<void> {
  const streams = [child.stdout!, child.stderr!]
  const closed = Promise.all(streams.map((stream) => stream.closed || once(stream, 'close')))
  const timer = setTimeout(() => {
    for (const stream of streams) stream.destroy()
  }, 500)
  await closed
  clearTimeout(timer)
}

function failedStart(error: NodeJS.ErrnoException): Error {
  if (error.code === undefined) return error
  const code = error.code === 'EACCES' ? 126 : 127
  return daemon(`failed to create task for container: failed to start the process: ${error.message}`, code)
}
