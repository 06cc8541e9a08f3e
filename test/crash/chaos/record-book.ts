import { ask, keptConnections } from './ask.ts'

/** What of everything acknowledged was found again. */
export interface Found {
  readonly acknowledged: number
  readonly lost: number
  /** What else is not as it should be, one sentence each. */
  readonly wrong: readonly string[]
}

/** Everything that the service has promised to keep, and whether it is still there. */
export class RecordBook {
  /** Id → mark, of what was acknowledged since the last look. */
  readonly #fresh = new Map<number, string>()
  readonly #older = new Map<number, string>()
  #lost = 0

  /** A 201 came for this mark. */
  acknowledged(id: number, mark: string): void {
    this.#fresh.set(id, mark)
  }

  /**
   * Reads what is new by its id, and all pages: each record must be there once, as it was sent.
   * @param url the address of the service
   * @throws Error when it cannot be read at all
   */
  async readBack(url: string): Promise<Found> {
    const wrong: string[] = []
    const missing = await this.#missingById(url)
    const { ids, marks } = await readPages(url)
    const promised = new Map([...this.#older, ...this.#fresh])
    for (const [id, mark] of promised) {
      if (ids.get(id) !== mark) missing.add(id)
      else if (marks.get(mark) !== 1) wrong.push(`${mark} is there ${marks.get(mark)} times`)
    }
    for (const [id, mark] of this.#fresh) this.#older.set(id, mark)
    this.#fresh.clear()
    // What is lost is told once, in the row of what lost it, and counts on in the sum.
    for (const id of missing) this.#older.delete(id)
    this.#lost += missing.size
    return { acknowledged: this.#older.size + this.#lost, lost: missing.size, wrong }
  }

  async #missingById(url: string): Promise<Set<number>> {
    const agent = keptConnections(8)
    const missing = new Set<number>()
    const queue = this.#fresh.entries()
    const work = async () => {
      for (const [id, mark] of queue) {
        const { status, text } = await ask(`${url}/data/${id}`, { agent })
        if (status !== 200 || JSON.parse(text).data.mark !== mark) missing.add(id)
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))
    agent.destroy()
    return missing
  }
}

async function readPages(url: string): Promise<{ ids: Map<number, string>; marks: Map<string, number> }> {
  const ids = new Map<number, string>()
  const marks = new Map<string, number>()
  for (let cursor: number | null | undefined; cursor !== null; ) {
    const { status, text, error } = await ask(`${url}/data?limit=1000${cursor === undefined ? '' : `&before=${cursor}`}`)
    if (status !== 200) throw new Error(`a page cannot be read: ${error ?? `${status} ${text}`}`)
    const page = JSON.parse(text) as { next: number | null; data: { id: number; data: { mark: string } }[] }
    for (const { id, data } of page.data) {
      ids.set(id, data.mark)
      marks.set(data.mark, (marks.get(data.mark) ?? 0) + 1)
    }
    cursor = page.next
  }
  return { ids, marks }
}
