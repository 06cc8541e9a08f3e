import { HttpError } from '../kit/http-error.ts'
import { gone } from '../kit/turns.ts'
import type { Model, Output } from './model.ts'
import type { Settings } from './settings.ts'

/** The answer to one row: the outputs of the batch that it was in, and its place there. */
export interface Answer {
  readonly outputs: readonly Output[]
  readonly row: number
}

/** What the batcher tells as it works. */
export interface Observer {
  /** A batch of so many rows went through the model, in so many seconds. */
  batch(rows: number, seconds: number): void
  /** The model failed on a single row. */
  failed(error: unknown): void
}

export interface Batcher {
  /**
   * Lets the model answer these rows, together with those of other requests.
   *
   * @param unwanted whether nobody waits for the answer any more; rows that wait are left out then
   * @returns one answer a row, in their order
   * @throws HttpError 503 with `Retry-After` when too many rows wait, 400 when the model cannot work with a row, 499
   *   when they were left out
   */
  submit(rows: readonly (readonly number[])[], unwanted?: () => boolean): Promise<Answer[]>
  /** Rows that wait. */
  depth(): number
}

/** The rows of one request, and who waits for them. */
interface Submitted {
  readonly answers: Answer[]
  left: number
  unwanted(): boolean
  resolve(answers: Answer[]): void
  reject(error: unknown): void
}

/** One row, and the request that it belongs to. */
interface Entry {
  readonly row: readonly number[]
  readonly index: number
  readonly request: Submitted
}

/** Numbers that may wait, whatever the rows' lengths: 32 MiB. */
const queueNumbers = 4 * 1024 * 1024

/**
 * Numbers that go through the model at once, unless a single row has more: the model keeps this process busy with them,
 * and needs several times their memory.
 */
const batchNumbers = 128 * 1024

/**
 * Collects rows of different requests that arrive together into batches. Rows are kept apart by their length, since a
 * tensor has one; lengths take turns. While the model works on one batch, the next one gathers.
 */
export function createBatcher(model: Model, { batchRows, batchWaitMs, queueRows }: Settings, observer: Observer): Batcher {
  const most = Math.min(batchRows, model.rowsAtOnce)
  /** Waiting rows by their length, the length whose turn it is first. */
  const lanes = new Map<number, Entry[]>()
  let rows = 0
  let numbers = 0
  let running = false
  let timer: NodeJS.Timeout | undefined
  let soon = false

  const begin = () => {
    soon = false
    clearTimeout(timer)
    timer = undefined
    if (!running && rows > 0) void work()
  }
  /** Starts a batch as soon as it may: at once where it is full, else when it has waited. */
  const plan = () => {
    if (running || soon || rows === 0) return
    if (batchWaitMs > 0 && rows < most) {
      timer ??= setTimeout(begin, batchWaitMs)
      return
    }
    soon = true
    // What has arrived in the same round of the event loop goes along.
    setImmediate(begin)
  }
  const take = (): Entry[] => {
    const [length, lane] = lanes.entries().next().value!
    lanes.delete(length)
    const fits = Math.max(1, Math.min(most, Math.floor(batchNumbers / length)))
    const batch = lane.length > fits ? lane.splice(0, fits) : lane
    if (batch !== lane) lanes.set(length, lane)
    rows -= batch.length
    numbers -= batch.length * length
    return batch.filter((entry) => {
      const unwanted = entry.request.unwanted()
      if (unwanted) entry.request.reject(gone())
      return !unwanted
    })
  }
  const work = async () => {
    const batch = take()
    if (batch.length === 0) return plan()
    running = true
    const started = performance.now()
    try {
      settle(batch, await model.run(batch.map(({ row }) => row)))
      observer.batch(batch.length, (performance.now() - started) / 1000)
    } catch (error) {
      await alone(batch, error)
    }
    running = false
    plan()
  }
  /** A row that the model cannot work with must not take its neighbours along. */
  const alone = async (batch: readonly Entry[], error: unknown) => {
    if (batch.length === 1) {
      observer.failed(error)
      batch[0]!.request.reject(new HttpError(400, 'The model cannot work with these features'))
      return
    }
    for (const entry of batch) {
      await model.run([entry.row]).then(
        (outputs) => settle([entry], outputs),
        (reason) => alone([entry], reason),
      )
    }
  }

  return {
    depth: () => rows,
    submit(given, unwanted = () => false) {
      const size = given.reduce((sum, row) => sum + row.length, 0)
      if (rows + given.length > queueRows || numbers + size > queueNumbers) {
        throw new HttpError(503, 'Too many rows are waiting for the model', { 'retry-after': '1' })
      }
      rows += given.length
      numbers += size
      return new Promise((resolve, reject) => {
        const request = { answers: new Array<Answer>(given.length), left: given.length, unwanted, resolve, reject }
        given.forEach((row, index) => {
          const lane = lanes.get(row.length)
          if (lane) lane.push({ row, index, request })
          else lanes.set(row.length, [{ row, index, request }])
        })
        plan()
      })
    },
  }
}

function settle(batch: readonly Entry[], outputs: readonly Output[]): void {
  batch.forEach(({ request, index }, row) => {
    request.answers[index] = { outputs, row }
    request.left--
    if (request.left === 0) request.resolve(request.answers)
  })
}
