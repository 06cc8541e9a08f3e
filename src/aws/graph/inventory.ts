import { Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { hasTags, type Tags } from '../tags.ts'

/**
 * Whose resources are looked at: there is no state file, so everything is found again by tags, and where AWS has no
 * tags to filter by, by name.
 */
export interface Owner {
  readonly tags: Tags
  /** `mlops-prod`: the name, or the start of the name, of what AWS knows by name. */
  readonly name: string
  /** `mlops/prod`: the same where AWS's names have levels. */
  readonly path: string
}

/** A resource as the listing showed it. */
export interface Listed<Out> {
  readonly id: string
  readonly tags: Tags
  readonly out: Out
}

/** One kind of resource and the call that lists all that an owner has of it. */
export interface Kind<Out> {
  readonly name: string
  /** What it stands in. Where the owner has none of that there is none of this either, and no call is made. */
  readonly within?: Kind<unknown>
  /** It may also stand in one of somebody else, so that an owner without one may have it all the same. */
  readonly strays?: boolean
  /**
   * All that the owner has; a kind of which an account may have few lists those of all owners, so that they can be
   * counted.
   */
  list(clients: Clients, owner: Owner): Promise<Listed<Out>[]>
}

/**
 * Refuses what AWS knows by name and has the owner's name, but not the owner's tags: made by hand, or by an owner whose
 * name is put together differently (`shop-eu` `prod` and `shop` `eu-prod`). Taking it over would mean to remove it one
 * day.
 * @throws Failure
 */
export function assertOwned(kind: string, tags: Tags, owner: Owner): void {
  if (hasTags(tags, owner.tags)) return
  const wanted = Object.entries(owner.tags).map(([key, value]) => `${key}=${value}`)
  throw new Failure(`Another ${kind} has the name that this stage needs`, {
    on: `${kind} ${owner.name}`,
    likely: `It does not carry the tags ${wanted.join(' ')}, so it was not made by this stage.`,
    next: 'Rename the app or the stage, or remove what stands in its way.',
  })
}

/**
 * What an owner has in AWS. Each kind is listed once, in one call, however many resources ask; `forget` makes the next
 * question a new call.
 */
export class Inventory {
  readonly owner: Owner
  readonly #clients: Clients
  readonly #strays: boolean
  readonly #lists = new Map<Kind<unknown>, Promise<Listed<unknown>[]>>()

  /** @param strays whether what may stray has to be looked for; false where the owner has nothing elsewhere */
  constructor(clients: Clients, owner: Owner, strays = true) {
    this.#strays = strays
    this.owner = owner
    this.#clients = clients
  }

  /** Everything the owner has of a kind. Throws what the call throws: "could not look" is never an empty list. */
  async all<Out>(kind: Kind<Out>): Promise<Listed<Out>[]> {
    const alwaysListed = !kind.within || (kind.strays && this.#strays)
    if (!alwaysListed && (await this.all(kind.within!)).length === 0) return []
    return (await this.everything(kind)).filter((listed) => hasTags(listed.tags, this.owner.tags))
  }

  /** Everything that was listed of a kind, where it lists those of all owners. */
  everything<Out>(kind: Kind<Out>): Promise<Listed<Out>[]> {
    const listing = this.#lists.get(kind) ?? kind.list(this.#clients, this.owner)
    this.#lists.set(kind, listing)
    return listing as Promise<Listed<Out>[]>
  }

  /**
   * The one resource of a kind that carries all of these tags; undefined when there is none. Two are a Failure that
   * names both.
   */
  async one<Out>(kind: Kind<Out>, tags: Tags): Promise<Out | undefined> {
    const matches = (await this.all(kind)).filter((listed) => hasTags(listed.tags, tags))
    if (matches.length > 1)
      throw new Failure(`Found ${matches.length} resources where one was expected`, {
        on: `${kind.name} ${matches.map((match) => match.id).join(', ')}`,
        likely: `All of them carry the tags ${Object.entries(tags)
          .map(([key, value]) => `${key}=${value}`)
          .join(' ')}. One was made by hand or by a copy of this project.`,
        next: 'Change the tags of the one that does not belong here in the AWS console, then run the same command again.',
      })
    return matches[0]?.out
  }

  forget(): void {
    this.#lists.clear()
  }
}
