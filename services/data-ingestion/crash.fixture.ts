import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'

const entry = `${import.meta.dirname}/server.ts`

/** What happens before each kill, and how often. */
export interface Crashes {
  /** `DATA_DIR` or `DATABASE_URL`: the same store for all rounds, empty at first. */
  readonly environment: Record<string, string>
  readonly rounds: number
  readonly writers: number
  /**
   * A service is killed at a random moment within this time, in ms: from its start, or, every second time, from its
   * first acknowledgement.
   */
  readonly withinMs: number
  /** Is told after each round. */
  readonly emit?: (round: number, acknowledged: number) => void
}

/**
 * One request: a record, or an array of three that belong together; with a key it is sent again until it is
 * acknowledged.
 */
interface Piece {
  readonly marks: readonly string[]
  readonly key: string | undefined
}

interface Answer {
  readonly id?: number
  readonly ids?: readonly number[]
}

/** What has been acknowledged: id → mark. */
type Acknowledged = Map<number, string>

/** What has happened so far. */
interface Ledger {
  readonly acknowledged: Acknowledged
  /** The marks of all that was sent. */
  readonly sent: Set<string>
  /** What may have been kept or not, and can be sent again. */
  readonly retries: Piece[]
  /** Is called at every acknowledgement. */
  told: () => void
}

/**
 * Kills a service with SIGKILL at random moments under load, starts it again, and in the end looks at all that it kept:
 * every acknowledged record is there as it was sent, no id comes twice, what was sent together is there together, what
 * had a key is there once, and nothing else is there.
 *
 * @returns how many records were acknowledged
 */
export async function survive({ environment, rounds, writers, withinMs, emit }: Crashes): Promise<number> {
  const ledger: Ledger = { acknowledged: new Map(), sent: new Set(), retries: [], told: () => {} }
  const { acknowledged, sent, retries } = ledger
  for (let round = 0; round < rounds; round++) {
    const before = acknowledged.size
    const service = await startChild(entry, environment)
    assert.ok(service.address, service.output())
    const first = new Promise<void>((resolve) => {
      ledger.told = resolve
    })
    const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(service, `${round}-${writer}`, ledger)))
    if (round % 2 === 1) await Promise.race([first, writing])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * withinMs))
    await stopChild(service, 'SIGKILL')
    await writing
    emit?.(round, acknowledged.size)
    if (round % 100 === 99) await withService(environment, (child) => checkEach(child, [...acknowledged].slice(before)))
  }
  await withService(environment, async (child) => {
    for (const piece of retries.splice(0)) await send(child, piece, ledger)
    await checkAll(child, acknowledged, sent)
    await checkEach(child, [...acknowledged].slice(-200))
  })
  return acknowledged.size
}

async function withService(environment: Record<string, string>, work: (child: Child) => Promise<void>): Promise<void> {
  const child = await startChild(entry, environment)
  try {
    await work(child)
  } finally {
    await stopChild(child)
  }
}

/** Sends one piece after the other until the service is gone. */
async function write(child: Child, name: string, ledger: Ledger): Promise<void> {
  for (let number = 0; ; number++) {
    const mark = `${name}-${number}`
    const piece = ledger.retries.pop() ?? {
      marks: number % 4 === 3 ? [`${mark}/0/3`, `${mark}/1/3`, `${mark}/2/3`] : [mark],
      key: number % 3 === 2 ? mark : undefined,
    }
    try {
      await send(child, piece, ledger)
    } catch (error) {
      if (error instanceof assert.Assertion) throw error
      // Whether it was kept nobody knows; with a key it may be asked again.
      if (piece.key !== undefined) ledger.retries.push(piece)
      return
    }
  }
}

async function send(child: Child, { marks, key }: Piece, { acknowledged, sent, told }: Ledger): Promise<void> {
  for (const mark of marks) sent.add(mark)
  const records = marks.map((mark) => JSON.stringify({ mark }))
  const response = await fetch(`${child.address}/ingest`, {
    method: 'POST',
    body: records.length > 1 ? `[${records}]` : records[0]!,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  })
  const { id, ids = [id!] } = (await response.json()) as Answer
  assert.is(response.status, 201)
  for (const [index, mark] of marks.entries()) acknowledged.set(ids[index]!, mark)
  told()
}

/** Asks for records one by one. */
async function checkEach(child: Child, records: readonly (readonly [number, string])[]): Promise<void> {
  for (const [id, mark] of records) {
    const { data } = (await (await fetch(`${child.address}/data/${id}`)).json()) as { data: unknown }
    assert.equal(data, { mark })
  }
}

/** Reads all pages. */
async function checkAll(child: Child, acknowledged: Acknowledged, sent: ReadonlySet<string>): Promise<void> {
  const ids = new Map<number, string>()
  const marks = new Map<string, number>()
  let total = 0
  for (let before: number | null | undefined; before !== null; ) {
    const cursor: string = before === undefined ? '' : `&before=${before}`
    const page = (await (await fetch(`${child.address}/data?limit=1000${cursor}`)).json()) as {
      total: number
      next: number | null
      data: { id: number; data: { mark: string } }[]
    }
    for (const { id, data } of page.data) {
      assert.not.ok(ids.has(id), `the id ${id} comes twice`)
      ids.set(id, data.mark)
      marks.set(data.mark, (marks.get(data.mark) ?? 0) + 1)
    }
    total = page.total
    before = page.next
  }
  assert.is(total, ids.size)
  for (const [id, mark] of acknowledged) assert.is(ids.get(id), mark, `the acknowledged record ${mark}`)
  for (const [mark, count] of marks) {
    assert.ok(sent.has(mark), `${mark} was never sent`)
    // Nothing is sent twice but under a key, and that is kept once.
    assert.is(count, 1, `${mark} is there ${count} times`)
    const [, stem] = /^(.*)\/\d\/3$/.exec(mark) ?? []
    if (stem) for (const index of [0, 1, 2]) assert.ok(marks.has(`${stem}/${index}/3`), `a part of ${stem} is missing`)
  }
}
