import type { Config } from '../../config/config.ts'
import { bytes } from './bytes.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Recipes, shortDigest } from './images.ts'
import { portsOf } from './ports.ts'
import { type Price, priceOf } from './price.ts'
import { makeRoom, type Room } from './room.ts'
import type { Situation } from './situation.ts'

/** What a step does to something: makes it, keeps it, changes it, removes it, replaces it by a new one. */
export type Glyph = '+' | ' ' | '~' | '-' | '-/+'

export interface PlanStep {
  readonly glyph: Glyph
  readonly what: string
  readonly detail: string
}

/** Everything a deploy will do, as a value: what is printed, confirmed and carried out is the same. */
export interface Plan {
  readonly release: number
  readonly strategy: Config['strategy']
  /** Releases whose stacks are removed because they serve nobody: the leftovers of runs that were killed. */
  readonly leftovers: readonly number[]
  /** Releases whose stacks are removed before anything is made. */
  readonly first: readonly number[]
  /** The release that serves now and is retired. */
  readonly replaces: number | undefined
  readonly steps: readonly PlanStep[]
  /** What the config asks for and this deploy will not have, each as one sentence. */
  readonly missing: readonly string[]
  /** What the stage costs a month while it runs. */
  readonly price: Price
  /** Whether a deploy would launch anything else than what serves now; undefined while the images are not built. */
  readonly changes: boolean | undefined
  /** What users notice meanwhile, in one sentence. */
  readonly interrupts: string
}

/** An image that was built, and how much of it the registry lacks. */
export interface PlannedImage {
  readonly digest: string
  readonly missingBytes: number
}

/**
 * Plans a deploy from what is wanted, what is there and how much room there is. Pure.
 * @throws Failure when the account's quotas leave no room for a new release
 * @param images by name, once they are built; a deploy builds them while its machine starts, so its plan has none
 */
export function planDeploy(
  config: Config,
  { recipes, missing }: Recipes,
  situation: Situation,
  room: Room,
  images?: ReadonlyMap<string, PlannedImage>,
): Plan {
  const replaces = situation.serving?.release
  const leftovers = situation.releases.filter((release) => release !== replaces)
  const first = makeRoom(room, situation, config.strategy === 'recreate' && replaces !== undefined ? [replaces] : [], leftovers)
  const keep = (what: string, there: boolean, detail = ''): PlanStep => ({ glyph: there ? ' ' : '+', what, detail })
  const { type, diskGiB } = config.instance
  return {
    release: situation.next,
    strategy: config.strategy,
    leftovers,
    first,
    replaces,
    steps: [
      keep('elastic ip', situation.elasticIp !== undefined, situation.elasticIp?.address),
      keep('role', situation.role !== undefined, situation.role?.name),
      keep('instance profile', situation.profile !== undefined, situation.profile?.name),
      keep('repository', situation.repository !== undefined, situation.repository?.name),
      {
        glyph: replaces === undefined ? '+' : '-/+',
        what: 'stack',
        detail: `release ${situation.next}: vpc, subnet, internet gateway, route table, security group, ${type} with ${diskGiB} GiB`,
      },
      ...recipes.map(({ name }): PlanStep => {
        const port = portsOf(config).find((each) => each.name === name)
        if (!port)
          return { glyph: replaces === undefined ? '+' : '-/+', what: `container ${name}`, detail: 'brings the secrets into memory' }
        const open =
          port.expose === 'public' ? 'open to the world' : port.expose === 'nobody' ? 'not open' : `open to ${port.expose.join(', ')}`
        return { glyph: replaces === undefined ? '+' : '-/+', what: `container ${name}`, detail: `port ${port.port}, ${open}` }
      }),
      ...recipes.flatMap(({ name }) => imageStep(name, images?.get(name), situation.current?.images[name])),
      ...leftovers.map(
        (release): PlanStep => ({ glyph: '-', what: 'stack', detail: `release ${release}: left over by a run that did not end` }),
      ),
    ],
    missing,
    price: priceOf(config),
    changes:
      images &&
      (leftovers.length > 0 ||
        situation.current?.fingerprint !== fingerprintOf(config, digestsOf(images)) ||
        replaces !== situation.current.release),
    interrupts: interrupts(config, replaces),
  }
}

function interrupts(config: Config, replaces: number | undefined): string {
  if (replaces === undefined) return 'Nothing serves now, so nothing is interrupted.'
  return config.strategy === 'recreate'
    ? `Release ${replaces} is removed first: nothing serves until the new one is up.`
    : `Release ${replaces} serves until the new one is verified; then the address moves in one call.`
}

function imageStep(name: string, image: PlannedImage | undefined, serving: string | undefined): PlanStep[] {
  if (!image) return []
  const unchanged = image.digest === serving
  const upload = image.missingBytes === 0 ? 'nothing to upload' : `${bytes(image.missingBytes)} to upload`
  return [
    {
      glyph: unchanged ? ' ' : serving ? '~' : '+',
      what: `image ${name}`,
      detail: `${shortDigest(image.digest)}, ${unchanged ? 'unchanged' : upload}`,
    },
  ]
}

/** Digest by image name. */
export function digestsOf(images: ReadonlyMap<string, { readonly digest: string }>): Record<string, string> {
  return Object.fromEntries([...images].map(([name, { digest }]) => [name, digest]))
}
