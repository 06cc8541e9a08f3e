import { type Repository, registryLogin } from '../../../aws/resources/repository.ts'
import type { Image } from '../../../image/blob.ts'
import { locate } from '../../../image/registry/push.ts'
import { bytes } from '../../../report/bytes.ts'
import { shortDigest } from '../../../report/digest.ts'
import { buildImages, pushImages } from '../../launch/images.ts'
import { describeLaunch } from '../../launch/launch-description.ts'
import { makeOwnSecrets } from '../../launch/secrets.ts'
import { type KeptLaunch, keepLaunch } from '../../state/launch-store.ts'
import { type AnyOperation, type Operation, operation, type PlanLine } from '../operation.ts'
import { settled } from '../settled.ts'
import type { Work } from '../work.ts'
import { pinnedLines } from './bases.ts'

/** An image that was built, and how much of it the registry lacks. */
export interface PlannedImage {
  readonly digest: string
  readonly missingBytes: number
}

/** Images by name, once they are built; a deploy builds them while its machine starts, so its plan has none. */
export type PlannedImages = ReadonlyMap<string, PlannedImage>

/** Every image of the release, from its sources. */
export function buildOperation({ recipes, bases, machine, emit }: Work, after: readonly AnyOperation[]) {
  return operation({
    phase: 'build',
    title: 'build',
    lines: [{ glyph: ' ', what: 'build', detail: `${recipes.recipes.length} images, on this machine` }, ...pinnedLines(bases)],
    quiet: true,
    after,
    run: (): Promise<Map<string, Image>> => buildImages(recipes.recipes, machine.architecture, bases.resolve, emit),
  })
}

/** What the registry lacks of them, and beside them the description of what they are launched as. */
export function pushOperation(
  { config, clients, state, recipes, commit, emit }: Work,
  build: Operation<Map<string, Image>>,
  repository: Operation<Repository>,
  images: PlannedImages | undefined,
) {
  return operation({
    phase: 'push',
    title: 'push',
    lines: recipes.recipes.map(({ name }) => imageLine(name, images?.get(name), state.current?.images[name])),
    quiet: true,
    needs: { build, repository },
    async run({ build, repository }): Promise<KeptLaunch> {
      const target = { ...(await registryLogin(clients)), repository: repository.name }
      const images = new Map([...build].map(([name, image]) => [name, locate(image, target)]))
      const description = describeLaunch(config, { release: state.next, commit, images })
      const [kept] = await settled([keepLaunch(target, description), pushImages(build, target, emit)])
      return kept
    },
  })
}

/** What is known of an image: before it is built, only what it is called and whether it is new. */
function imageLine(name: string, image: PlannedImage | undefined, serving: string | undefined): PlanLine {
  const what = `image ${name}`
  if (!image) return { glyph: serving ? '~' : '+', what, detail: 'what the repository lacks of it' }
  const unchanged = image.digest === serving
  const upload = image.missingBytes === 0 ? 'nothing to upload' : `${bytes(image.missingBytes)} to upload`
  const detail = `${shortDigest(image.digest)}, ${unchanged ? 'unchanged' : upload}`
  return { glyph: unchanged ? ' ' : serving ? '~' : '+', what, detail }
}

/** The secrets that nobody has to set, made where they are not there. */
export function ownSecretsOperation({ clients, config, recipes }: Work, after: readonly AnyOperation[]) {
  const names = recipes.ownSecrets
  return operation({
    phase: 'create',
    title: 'secrets',
    lines: names.map((name) => ({ glyph: '+', what: `secret ${name}`, detail: 'generated, unless it is there' })),
    after,
    run: () => makeOwnSecrets(clients, config, names),
  })
}
