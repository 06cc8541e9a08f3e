import { type Append, type Kept, StoreUnavailableError } from './store.ts'

/** What came of each append of a group, in their order. */
export type Outcome = Kept | Error

/** Writes a group in one transaction. Throws when nothing of it was kept. */
export type Write = (group: readonly Append[]) => Outcome[] | Promise<Outcome[]>

export interface Groups {
  add(append: Append): Promise<Kept>
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

/**
 * A group that is larger would hold up those that come after it for longer than the sync that it saves; and on its way
 * to the disk it is in memory several times.
 */
const most = { records: 1000, characters: 2 * 1024 * 1024 }

interface Waiting {
  readonly append: Append
  readonly resolve: (kept: Kept) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: all that arrives while the last group is written is the next one, so that a sync to the disk is shared
 * by as many as there are. There is nothing to configure: an append that comes alone does not wait for company.
 */
export function createGroups(write: Write): Groups {
  let waiting: Waiting[] = []
  let working: Promise<void> | undefined

  /** Takes the first ones, as many as make a group. */
  function take(): Waiting[] {
    let records = 0
    let characters = 0
    let count = 0
    while (count < waiting.length) {
      const { append } = waiting[count]!
      records += append.texts.length
      for (const text of append.texts) characters += text.length
      if (count > 0 && (records > most.records || characters > most.characters)) break
      count++
    }
    const group = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return group
  }

  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await write(group.map(({ append }) => append))
      for (const [index, outcome] of outcomes.entries()) {
        const { resolve, reject } = group[index]!
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      }
    } catch (error) {
      // One that does not fit must not take down those that happened to come with it.
      if (group.length > 1 && !(error instanceof StoreUnavailableError)) for (const one of group) await settle([one])
      else for (const { reject } of group) reject(error)
    }
  }

  async function work(): Promise<void> {
    // All that has arrived with the first one is read before: this is what makes a group of requests that came at the
    // same time.
    await new Promise(setImmediate)
    while (waiting.length > 0) await settle(take())
    working = undefined
  }

  return {
    add: (append) =>
      new Promise((resolve, reject) => {
        waiting.push({ append, resolve, reject })
        working ??= work()
      }),
    async idle() {
      while (working) await working
    },
  }
}
