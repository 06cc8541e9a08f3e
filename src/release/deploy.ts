import { randomBytes } from 'node:crypto'
import type { Config } from '../../config/config.ts'
import { exit, Failure } from '../../config/failure.ts'
import type { Launched } from '../../monitoring/index.ts'
import type { Clients } from '../aws/clients.ts'
import { criticalPath } from '../aws/critical-path.ts'
import { associate, type ElasticIp } from '../aws/elastic-ip.ts'
import { explain } from '../aws/errors.ts'
import type { Instance } from '../aws/instance.ts'
import type { MachineType } from '../aws/machine-type.ts'
import type { Timing } from '../aws/walk.ts'
import type { Tell } from '../event.ts'
import type { Pushed } from '../image/push.ts'
import { commitOf } from './commit.ts'
import { containersOf, keeperOf, launchFiles, runHere } from './containers.ts'
import { createRepository, createStack, planCreation } from './creation.ts'
import { fingerprintOf } from './fingerprint.ts'
import { buildImages, pushImages, type Recipes } from './images.ts'
import { launch } from './launch.ts'
import type { Lease, LeaseOwner } from './lease.ts'
import { type LedgerEntry, writeEntry } from './ledger.ts'
import { lastWordsOf } from './logs.ts'
import { checkFromOutside, urlOf } from './outside.ts'
import { Phases, together } from './phases.ts'
import { digestsOf, type Plan } from './plan.ts'
import { portsOf } from './ports.ts'
import { retire } from './retire.ts'
import { makeOwnSecrets } from './secrets.ts'
import { lookAt, type Situation, servingRelease } from './situation.ts'

export interface Deployed {
  readonly release: number
  readonly address: string
  /** URL by name, of everything that is open to the outside. */
  readonly urls: Readonly<Record<string, string>>
  /** Digest by image name. */
  readonly images: Readonly<Record<string, string>>
  readonly missing: readonly string[]
  /** Seconds by phase. */
  readonly seconds: Readonly<Record<string, number>>
  /** The phases on one time axis, in seconds since the first began. */
  readonly timeline: readonly { readonly label: string; readonly start: number; readonly seconds: number }[]
  /** The chain of resources that took longest to create: no more hands would make it shorter. */
  readonly critical: readonly Timing[]
}

export interface DeployOptions {
  readonly config: Config
  readonly clients: Clients
  readonly situation: Situation
  /** What AWS says of the machine, where that was asked already. */
  readonly machine?: MachineType
  readonly recipes: Recipes
  readonly plan: Plan
  readonly owner: LeaseOwner
  readonly lease: Lease
  /** Aborted when the user wants to stop. */
  readonly signal: AbortSignal
  readonly tell: Tell
}

/**
 * Carries out a planned deploy under the stage's lease. Everything that fails before the promotion removes the new stack and leaves the old one serving.
 * @throws Failure with exit code 4 (the previous release still serves) or 5 (nothing serves)
 */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  const { config, clients, plan, lease, tell } = options
  const signal = AbortSignal.any([options.signal, lease.signal])
  const phases = new Phases(tell)
  try {
    if (plan.first.length > 0) await phases.run('retire', () => retire(clients, config, plan.first, 'retire', signal, tell))
    const { elasticIp, instance, pushed, timings, check } = await bringUp(options, phases, signal)
    // Written before the address moves: whatever kills this run then, the ledger knows the release that serves.
    await record(options, { outcome: 'promoting', images: digestsOf(pushed), seconds: phases.seconds })
    await promote(options, phases, elasticIp, instance, signal, check)
    const deployed = { ...outcome(options, elasticIp, pushed, phases), critical: criticalPath(timings) }
    await together(signal, [
      () => record(options, { outcome: 'serving', images: deployed.images, seconds: phases.seconds }),
      async (signal) => {
        const old = [...plan.leftovers, ...(plan.replaces === undefined ? [] : [plan.replaces])].filter(
          (release) => !plan.first.includes(release),
        )
        if (old.length > 0) await phases.run('retire', () => retire(clients, config, old, 'retire', signal, tell))
      },
    ])
    return deployed
  } catch (error) {
    if (lease.signal.aborted) throw lease.signal.reason
    throw await giveUp(error, options, phases)
  }
}

/** Checks that everything of a launch, and nothing else, answers from outside at an address. */
type Check = (address: string, phase: string, signal: AbortSignal) => Promise<void>

/** Builds, creates and launches until the new stack answers from outside. Images and resources come into being side by side. */
async function bringUp(options: DeployOptions, phases: Phases, signal: AbortSignal) {
  const { config, clients, recipes, plan, tell } = options
  const creation = await planCreation(options)
  const [pushed, [elasticIp, instance, timings]] = await together(signal, [
    async (signal) => {
      const [images, repository] = await together(signal, [
        () => phases.run('build', () => buildImages(recipes.recipes, creation.architecture, tell)),
        (signal) => createRepository(creation, signal, tell),
      ])
      return phases.run('push', () => pushImages(clients, images, repository, tell))
    },
    (signal) => phases.run('create', () => createStack(creation, signal, tell)),
    () => makeOwnSecrets(clients, config, recipes.ownSecrets),
    () => settleLast(options),
  ])

  const address = instance.privateIp!
  // Nobody else's: stages count their releases alike, and two of them may meet at one address.
  const identity = `${plan.release}-${randomBytes(9).toString('base64url')}`
  const containers = containersOf(config, pushed, address, identity)
  const what = {
    release: plan.release,
    identity,
    address,
    registry: [...pushed.values()][0]!.reference.split('/')[0]!,
    containers,
    keeper: keeperOf(config, pushed, containers),
    files: launchFiles(config, address, await launchedBy(options, pushed), pushed),
  }
  const identified = await phases.run('launch', () =>
    launch(clients, config, instance, what, {
      signal,
      waiting: (detail) => tell({ phase: 'launch', step: 'instance', state: 'progress', detail }),
      nextFor: (container) => runHere(config, container),
    }),
  )
  const identityOf = (container: string) => (identified.has(container) ? identity : undefined)
  const inside = (container: string) => lastWordsOf(clients, instance.id, container, signal)
  const check: Check = (at, phase, signal) => checkFromOutside(at, ports(options), phase, signal, tell, identityOf, inside)
  if (instance.publicIp) await phases.run('verify', () => check(instance.publicIp!, 'verify', signal))
  return { elasticIp, instance, pushed, timings, check }
}

/** Writes down how a promotion ended that was killed before it could: its release serves. It is known now, and not any more when the next has replaced it. */
async function settleLast({ config, clients, situation: { last, serving } }: DeployOptions): Promise<void> {
  if (last?.outcome === 'promoting' && last.release === serving?.release) await writeEntry(clients, config, { ...last, outcome: 'serving' })
}

/** What dashboards and alerts tell of this release. */
async function launchedBy({ config, plan, owner }: DeployOptions, pushed: ReadonlyMap<string, Pushed>): Promise<Launched> {
  const by = `${owner.user}@${owner.host}`
  return { release: plan.release, at: Date.now(), by, commit: await commitOf(config.folder), images: digestsOf(pushed) }
}

/** Moves the address and checks that it arrived. When it did not, the address goes back to where it led. */
async function promote(
  options: DeployOptions,
  phases: Phases,
  elasticIp: ElasticIp,
  instance: Instance,
  signal: AbortSignal,
  check: Check,
): Promise<void> {
  const { clients, situation, plan } = options
  await phases.run('promote', async () => {
    signal.throwIfAborted()
    await associate(clients, elasticIp, instance.id)
    try {
      await check(elasticIp.address, 'promote', signal)
    } catch (error) {
      const back = plan.strategy === 'blue-green' ? situation.serving?.instance : undefined
      if (back && !options.lease.signal.aborted) await associate(clients, elasticIp, back.id)
      throw error
    }
  })
}

/** The ports of what was deployed: without the monitoring servers that could not be had. */
function ports({ config, recipes }: DeployOptions) {
  const present = new Set(recipes.recipes.map(({ name }) => name))
  return portsOf(config).filter(({ name }) => present.has(name))
}

function outcome(
  options: DeployOptions,
  elasticIp: ElasticIp,
  pushed: ReadonlyMap<string, Pushed>,
  { seconds, timeline }: Phases,
): Omit<Deployed, 'critical'> {
  const open = ports(options).filter(({ expose }) => expose !== 'nobody')
  return {
    release: options.plan.release,
    address: elasticIp.address,
    urls: Object.fromEntries(open.map(({ name, port }) => [name, urlOf(elasticIp.address, port)])),
    images: digestsOf(pushed),
    missing: options.recipes.missing,
    seconds,
    timeline,
  }
}

async function record(options: DeployOptions, result: Pick<LedgerEntry, 'outcome' | 'images' | 'seconds' | 'error'>): Promise<void> {
  const { config, clients, owner, plan, recipes } = options
  const commit = await commitOf(config.folder)
  const fingerprint = result.outcome === 'failed' ? {} : { fingerprint: fingerprintOf(config, result.images) }
  await writeEntry(clients, config, {
    release: plan.release,
    at: new Date().toISOString(),
    by: `${owner.user}@${owner.host}`,
    ...(commit ? { commit } : {}),
    ...fingerprint,
    missing: recipes.missing,
    ...result,
  })
}

/** The release that serves now; asked again, because a failed run cannot know how far it got. */
async function whatServes({ clients, config }: DeployOptions): Promise<number | undefined> {
  return servingRelease(await lookAt(clients, config))
}

/** Removes the stack of the release that failed. A user who interrupted waits for this; a second Ctrl-C ends it, and the next run takes it up. */
async function clearAway(options: DeployOptions, phases: Phases): Promise<void> {
  const { clients, config, plan, lease, tell } = options
  await phases.run('clear away', () => retire(clients, config, [plan.release], 'clear away', lease.signal, tell))
}

/**
 * Removes what a failed run has made, unless it serves already, and says how the stage stands. What goes wrong in that is told beside the cause, never in its place:
 * credentials that may not do the one thing often may not do the next either.
 */
async function giveUp(error: unknown, options: DeployOptions, phases: Phases): Promise<unknown> {
  const { release } = options.plan
  // Node's own calls wrap the reason of an abort in an error that tells nothing.
  const cause = options.signal.aborted && (error as Error).name === 'AbortError' ? options.signal.reason : error
  const also: string[] = []
  const attempt = async <T>(work: () => Promise<T>): Promise<{ result: T } | undefined> => {
    try {
      return { result: await work() }
    } catch (error) {
      also.push(`The clean-up failed as well: ${(error as Error).message}`)
      return undefined
    }
  }
  const looked = await attempt(() => whatServes(options))
  if (looked && looked.result !== release) {
    await attempt(() => clearAway(options, phases))
    const error = (cause as Error).message
    await attempt(() => record(options, { outcome: 'failed', images: {}, seconds: phases.seconds, error }))
  }

  const failure = explain(cause, `Could not deploy release ${release}`, `release ${release}`)
  if (!(failure instanceof Failure)) return failure
  const { message, details } = failure
  if (!looked) return new Failure([message, ...also].join('\n'), details)
  const serving = looked.result
  if (serving === release)
    return new Failure([`Release ${release} serves, but what comes after failed: ${message}`, ...also].join('\n'), details)
  const code = details.code ?? (serving === undefined ? exit.nothingServing : exit.stillServing)
  const state = serving === undefined ? 'Nothing serves now.' : `Release ${serving} still serves; nothing changed for its users.`
  return new Failure([message, ...also, state].join('\n'), { ...details, code })
}
