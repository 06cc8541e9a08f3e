import { HttpError } from './http-error.ts'

/**
 * How long (ms) a piece of work may keep the event loop before it lets others go first. Whatever is not divisible comes
 * on top.
 */
const sliceMs = 5

/** Those who wait to go on. */
const waiting: (() => void)[] = []

/** When (ms) the work of this round of the event loop has taken as long as it may; undefined before any has begun. */
let sliceEnd: number | undefined

/**
 * The time is that of the round and not of each work: sixty that begin in one round would keep it for sixty times as
 * long.
 */
function slice(): number {
  if (sliceEnd === undefined) {
    sliceEnd = performance.now() + sliceMs
    setImmediate(() => {
      sliceEnd = undefined
    })
  }
  return sliceEnd
}

function next(): void {
  sliceEnd = undefined
  waiting.shift()?.()
  // From within this phase of the loop it runs in the next round: so new requests are looked at between any two pieces
  // of work, however many wait.
  if (waiting.length > 0) setImmediate(next)
}

/**
 * Waits until it is one's turn: of all the long work of this process one piece is done in each round of the event loop,
 * in the order in which it was asked for. Pieces that each waited for `setImmediate` alone would all be done in the
 * same round, and requests would wait for their sum.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(next)
  })
}

/**
 * What a client that has gone is answered: nobody reads it, but it is counted, under the status that nginx has for it.
 */
export const gone = () => new HttpError(499, 'The client has gone')

/** Takes all steps of something at once: for what is known to be short. @returns what the last one returns */
export function finishNow<T>(steps: Iterator<void, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value
}

/** Work that is done in pieces for as long as somebody wants it. */
export class Work {
  readonly #unwanted: () => boolean
  #end = slice()

  /** @param unwanted whether to stop; is asked between pieces */
  constructor(unwanted: () => boolean = () => false) {
    this.#unwanted = unwanted
  }

  /** A piece begins now. */
  begin(): void {
    this.#end = slice()
  }

  /** Whether the piece has taken as long as it may. */
  get due(): boolean {
    return performance.now() >= this.#end
  }

  /**
   * Waits for the next piece.
   *
   * @throws HttpError 499 when it is not wanted any more
   */
  async pause(): Promise<void> {
    await turn()
    if (this.#unwanted()) throw gone()
    this.begin()
  }

  /**
   * Takes all steps of something, with a pause whenever the piece has taken as long as it may.
   *
   * @returns what the last one returns
   * @throws as `pause` does, and what the steps throw
   */
  async finish<T>(steps: Iterator<void, T>): Promise<T> {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value
      if (this.due) await this.pause()
    }
  }
}
