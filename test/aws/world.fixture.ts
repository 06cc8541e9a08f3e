import { setTimeout as sleep } from 'node:timers/promises'
import { Clients } from '../../src/aws/clients.ts'
import { Inventory, type Kind } from '../../src/aws/graph/inventory.ts'
import { type AnyResource, type Context, type Needs, type Resource, resource } from '../../src/aws/graph/resource.ts'
import type { Event } from '../../src/report/event.ts'

/** An error as the SDK throws it for an answer of AWS. */
export function refusal(code: string, message = `AWS says ${code}`, status = 400): Error {
  return Object.assign(new Error(message), { name: code, $metadata: { httpStatusCode: status } })
}

/** An error as the SDK throws it when the connection breaks before an answer. */
export function lostAnswer(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', $metadata: { attempts: 1 } })
}

/**
 * What stands behind the resources of a test: things by name, every call that was made on them, and what goes wrong.
 */
export class World {
  /** What exists: name → id. */
  readonly there = new Map<string, string>()
  /** `create vpc`, `settle vpc`, `remove vpc`, in their order; looks are not noted. */
  readonly calls: string[] = []
  /** Told by walks. */
  readonly told: Event[] = []
  readonly #faults = new Map<string, Fault[]>()
  readonly #aborter = new AbortController()

  /** The next time this call (`create vpc`) is made, it ends so; after `done` the call takes effect all the same. */
  fail(call: string, error: Error, options: { done?: boolean } = {}): void {
    this.#faults.set(call, [...(this.#faults.get(call) ?? []), { error, done: options.done ?? false }])
  }

  abort(reason: Error): void {
    this.#aborter.abort(reason)
  }

  context(also: Partial<Context> = {}): Context {
    const clients = new Clients({ region: 'nowhere' })
    const inventory = new Inventory(clients, { tags: {}, name: 'world', path: 'world' })
    return { clients, inventory, signal: this.#aborter.signal, emit: (event) => this.told.push(event), ...also }
  }

  /** What was told of a step, its start left out: `done vpc-1`. */
  toldOf(step: string): string[] {
    return this.told.filter((event) => event.step === step && event.state !== 'started').map(({ state, detail }) => `${state} ${detail}`)
  }

  /** A resource of this world. Its output is an id made of its name and those of its needs. */
  resource<const N extends Needs>(name: string, needs: N, options: { inside?: (call: string) => Promise<void> } = {}): Resource<string, N> {
    const kind: Kind<string> = {
      name,
      list: async () => {
        await this.#meet(`find ${name}`, () => undefined)
        const id = this.there.get(name)
        return id === undefined ? [] : [{ id, tags: {}, out: id }]
      },
    }
    const act = async (verb: string, effect: () => void) => {
      const call = `${verb} ${name}`
      this.calls.push(call)
      await options.inside?.(call)
      await this.#meet(call, effect)
    }
    return resource({
      name,
      needs,
      find: ({ inventory }) => inventory.one(kind, {}),
      create: async (up): Promise<string> => {
        const id = [name, ...Object.values(up)].join('<')
        await act('create', () => this.there.set(name, id))
        return id
      },
      async settle(out) {
        await act('settle', () => undefined)
        return out
      },
      remove: () => act('remove', () => this.there.delete(name)),
      label: (out) => out,
    })
  }

  async #meet(call: string, effect: () => void): Promise<void> {
    await sleep(1)
    const fault = this.#faults.get(call)?.shift()
    if (!fault || fault.done) effect()
    if (fault) throw fault.error
  }
}

interface Fault {
  readonly error: Error
  readonly done: boolean
}

/**
 * Resolves for everyone when `count` have come; rejects for who waits two seconds: then they do not come at the same
 * time.
 */
export function meeting(count: number): () => Promise<void> {
  let come = 0
  const all = Promise.withResolvers<void>()
  return async () => {
    if (++come === count) all.resolve()
    const late = new AbortController()
    const giveUp = sleep(2000, undefined, { signal: late.signal }).then(() => {
      throw new Error(`only ${come} of ${count} at the same time`)
    })
    await Promise.race([all.promise, giveUp]).finally(() => {
      giveUp.catch(() => undefined)
      late.abort()
    })
  }
}

/** Resources whose names matter only. */
export function namesOf(resources: readonly AnyResource[]): string[] {
  return resources.map(({ name }) => name)
}
