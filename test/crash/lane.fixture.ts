import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FaultRule, Faults, SeenCall } from '../../src/local/api/faults.ts'
import type { Kind } from '../../src/local/records.ts'
import type { Receipt } from '../../src/release/destroy.ts'
import { Failure } from '../../src/report/failure.ts'
import { reportOf } from '../../src/terminal/report.ts'
import { type OpenCloud, openCloud } from '../support/open-cloud.ts'
import { processesOf } from '../support/processes.ts'
import { runDeploy, runDestroy, type Verb } from '../support/verbs.ts'
import type { Point, Scene } from './point.fixture.ts'

// A stage is destroyed and deployed again hundreds of times, and each would wait for the name of its lock.
process.env.MLOPS_PARAMETER_REUSE_SECONDS ??= '0.1'

/** How many resources of each kind there are. */
type Census = Readonly<Record<string, number>>

const kinds = [
  'vpc',
  'subnet',
  'internetGateway',
  'routeTable',
  'securityGroup',
  'instance',
  'address',
  'role',
  'instanceProfile',
  'repository',
]

/**
 * A cloud of its own, in which one point after the other is tried. Everything but the processes that are killed happens
 * in this process.
 */
export class Lane {
  readonly #folder: string
  readonly #port: number
  readonly #real: boolean
  /** A killed process holds its lease for so long, in seconds. */
  readonly #leaseSeconds: number
  #cloud!: OpenCloud
  #spare: Promise<ChildProcess> | undefined
  /** What a stage has that was deployed without trouble. */
  #whole: Census = {}

  private constructor(port: number, real: boolean, leaseSeconds: number) {
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'crash-')))
    this.#port = port
    this.#real = real
    this.#leaseSeconds = leaseSeconds
  }

  /**
   * @param port where the service answers, on each of its addresses
   * @param machines `light`: machines that take no time; `real`: those of the embedded cloud
   * @param leaseSeconds how long the lease of a killed process lasts: what every kill has to wait for, and what a busy
   *   machine must renew in time
   */
  static async open(port: number, machines: 'light' | 'real', leaseSeconds = 4): Promise<Lane> {
    const lane = new Lane(port, machines === 'real', leaseSeconds)
    await lane.#begin()
    return lane
  }

  async close(): Promise<void> {
    await this.#cloud.close()
    const spare = await this.#spare
    if (spare) await killed(spare)
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** The calls that a clean run of a scene makes. */
  async calls(scene: Scene): Promise<readonly SeenCall[]> {
    await this.#stand(scene)
    const [calls] = await this.#during(
      [{ action: '*', by: 'user', record: true }],
      () => this.#run(scene),
      (report) => report.calls,
    )
    return calls
  }

  /** Tries one point. The answer is what was wrong, or undefined where everything was as it should be. */
  async try(point: Point): Promise<string | undefined> {
    try {
      await this.#stand(point.scene)
      const served = point.scene === 'redeploy' ? probe(this.#port) : undefined
      const problem = await this.#strike(point).finally(() => this.#cloud.faults.set([]))
      // Whoever destroys a stage does not expect it to serve.
      const early = point.next === 'destroy' ? await served?.() : undefined
      const after = await this.#recover(point)
      const gaps = early ?? (await served?.()) ?? []
      const gap = gaps.length > 0 ? `the service did not answer ${gaps.length} times: ${gaps[0]}` : undefined
      return problem ?? after ?? gap
    } catch (error) {
      await this.#cloud.close()
      await this.#begin()
      return said(error)
    }
  }

  /** Lets it happen, and looks at how the run ended. */
  async #strike(point: Point): Promise<string | undefined> {
    const { scene, moment, blow } = point
    const { nth, ...call } = { ...moment, by: 'user' as const }
    const once = { ...call, nth }
    const status = moment.action.startsWith('registry:') ? 429 : 503
    switch (blow) {
      case 'killed before':
      case 'killed after':
        return this.#kill(scene, { ...once, hold: blow === 'killed before' ? 'before' : 'after' })
      case 'interrupted':
        return this.#interrupt(scene, { ...once, hold: 'before' })
      case 'throttled':
        return this.#survive(scene, { ...once, before: { code: 'RequestLimitExceeded', status } })
      case 'server error':
        return this.#survive(scene, { ...once, after: '500' })
      case 'answer lost':
        return this.#survive(scene, { ...once, after: 'drop' })
      case 'denied':
        return this.#refuse(point, { ...once, before: { code: 'AccessDenied', status: 403 } })
      case 'never allowed':
        return this.#refuse(point, { ...call, before: { code: 'AccessDenied', status: 403 } })
    }
  }

  async #kill(scene: Scene, rule: FaultRule, tries = 3): Promise<string | undefined> {
    const child = await (this.#spare ?? ready(this.#leaseSeconds))
    this.#spare = ready(this.#leaseSeconds)
    this.#cloud.faults.set([rule])
    let words = ''
    child.on('message', (message) => {
      words = String(message)
    })
    child.send({ verb: verbOf(scene), order: this.#cloud.order })
    const over = () => child.exitCode !== null || child.signalCode !== null
    while (this.#cloud.faults.report()[0]!.held === 0 && !over()) await pause(2)
    if (!over()) {
      await killed(child)
      return undefined
    }
    // A machine this busy says nothing about the deploy.
    if (!words.includes('The lock of the stage was lost') || tries === 0) return `it ended before it could be killed: ${words}`
    this.#cloud.faults.set([])
    await this.#recover({ next: 'deploy' })
    await this.#stand(scene)
    return this.#kill(scene, rule, tries - 1)
  }

  /** As Ctrl-C does it: the run is asked to stop while the call is under way. */
  async #interrupt(scene: Scene, rule: FaultRule): Promise<string | undefined> {
    const asked = new AbortController()
    this.#cloud.faults.set([rule])
    let over = false
    const run = this.#run(scene, asked.signal).finally(() => {
      over = true
    })
    run.catch(() => undefined)
    while (this.#cloud.faults.report()[0]!.held === 0 && !over) await pause(1)
    asked.abort(new Failure('Interrupted.', { code: 130 }))
    this.#cloud.faults.set([])
    const error = await run.then(
      () => undefined,
      (error: Error) => error,
    )
    // What was past its last point of return is finished.
    if (error && error.name !== 'AbortError' && reportOf(error).code !== 130) return `interrupted, it ended with ${said(error)}`
    return error && scene !== 'destroy' && !isPromoted(error.message) ? this.#lookForStacks(scene) : undefined
  }

  async #survive(scene: Scene, rule: FaultRule): Promise<string | undefined> {
    this.#cloud.faults.set([rule])
    await this.#run(scene)
    if (this.#cloud.faults.report()[0]!.hits === 0) return 'the call was not made'
    return differs(this.#census(), scene === 'destroy' ? {} : this.#whole)
  }

  async #refuse({ scene, moment, blow }: Point, rule: FaultRule): Promise<string | undefined> {
    this.#cloud.faults.set([rule])
    // A lease that could not be given back must end before the next command; here its process lives on.
    process.env.MLOPS_LEASE_SECONDS = Object.values(moment.match).some((name) => name.endsWith('/lease')) ? '3' : '30'
    const error = await this.#run(scene).then(
      // What could not be removed is no error of a destroy; its receipt says why.
      (result) => (result as Partial<Receipt>).failure,
      (error: Error) => error,
    )
    process.env.MLOPS_LEASE_SECONDS = '30'
    if (!error) return differs(this.#census(), scene === 'destroy' ? {} : this.#whole)
    const report = reportOf(error)
    const text = JSON.stringify(report)
    if (!moment.action.startsWith('registry:') && !text.includes(moment.action)) return `the error does not name ${moment.action}: ${text}`
    if (!moment.action.startsWith('registry:') && report.code !== 3) return `it ended with exit code ${report.code}: ${text}`
    if (isPromoted(report.message)) return undefined
    return blow === 'denied' && scene !== 'destroy' ? this.#lookForStacks(scene) : undefined
  }

  /** Nothing of a release that failed stays behind. */
  #lookForStacks(scene: Scene): string | undefined {
    const { securityGroup = 0, instance = 0 } = this.#census()
    const wanted = scene === 'redeploy' ? 1 : 0
    const all = [securityGroup, instance]
    return all.every((count) => count === wanted) ? undefined : `the run left security group, instance: ${all.join(', ')}`
  }

  /** The next command ends well, whatever was left, and then nothing is there that should not be. */
  async #recover({ next }: Pick<Point, 'next'>): Promise<string | undefined> {
    if (next === 'deploy') {
      for (const giveUp = Date.now() + 10_000; ; await pause(200)) {
        try {
          await runDeploy(this.#cloud.order)
          break
        } catch (error) {
          if (reportOf(error).code !== 6 || Date.now() > giveUp) throw error
        }
      }
      return differs(this.#census(), this.#whole)
    }
    const { left } = await runDestroy(this.#cloud.order)
    return left.length > 0 ? `the receipt lists ${JSON.stringify(left)}` : differs(this.#census(), {})
  }

  /** Brings the stage to where a scene begins. */
  async #stand(scene: Scene): Promise<void> {
    const empty = Object.keys(this.#census()).length === 0
    if (scene === 'deploy' && !empty) await runDestroy(this.#cloud.order)
    if (scene !== 'deploy' && empty) await runDeploy(this.#cloud.order)
    if (scene !== 'deploy') this.#whole = this.#census()
    const wrong = scene === 'deploy' ? differs(this.#census(), {}) : undefined
    if (wrong) throw new Error(wrong)
  }

  #run(scene: Scene, signal?: AbortSignal): Promise<unknown> {
    return verbOf(scene) === 'deploy' ? runDeploy(this.#cloud.order, signal) : runDestroy(this.#cloud.order, signal)
  }

  async #during<T>(rules: FaultRule[], work: () => Promise<unknown>, pick: (report: ReturnType<Faults['report']>[number]) => T) {
    this.#cloud.faults.set(rules)
    await work()
    const picked = this.#cloud.faults.report().map(pick)
    this.#cloud.faults.set([])
    return picked as [T]
  }

  /** What exists of each kind; and whatever belongs to no stage and should not be there. */
  #census(): Census {
    const { store } = this.#cloud.cloud
    const counts = kinds.map((kind) => {
      const records = store.list(kind as Kind) as { State?: string; Tags?: unknown[]; GroupName?: string }[]
      // Default groups and main route tables come and go with their VPC.
      const own = records.filter(
        ({ State, Tags }) => State !== 'terminated' && (!['routeTable', 'securityGroup'].includes(kind) || Tags?.length),
      )
      return [kind, own.length] as const
    })
    const parameters = (store.list('parameter' as Kind) as { Name?: string }[]).map(({ Name }) => [`parameter ${Name}`, 1] as const)
    const programs = this.#real ? processesOf(this.#folder).length : 0
    return Object.fromEntries([...counts, ...parameters, ['process', Math.min(programs, 1)] as const].filter(([, count]) => count > 0))
  }

  async #begin(): Promise<void> {
    this.#cloud = await openCloud(this.#folder, this.#port, this.#real ? 'real' : 'light')
    await runDeploy(this.#cloud.order)
    this.#whole = this.#census()
  }
}

/** What comes after the promotion is not undone, and the error says that the new release serves. */
const isPromoted = (message: string) => /^(Release \d+ serves|The deploy is done), but/.test(message)

const verbOf = (scene: Scene): Verb => (scene === 'destroy' ? 'destroy' : 'deploy')

/** A process that waits for its order. */
async function ready(leaseSeconds: number): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'doomed.fixture.ts'), {
    env: { ...process.env, MLOPS_LEASE_SECONDS: String(leaseSeconds) },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  await once(child, 'message')
  return child
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

function differs(is: Census, wanted: Census): string | undefined {
  const names = [...new Set([...Object.keys(is), ...Object.keys(wanted)])].filter((name) => is[name] !== wanted[name])
  return names.length === 0
    ? undefined
    : `there is ${names.map((name) => `${is[name] ?? 0} ${name} instead of ${wanted[name] ?? 0}`).join(', ')}`
}

/** Asks the service all the time; the function that is given back ends that and says when there was no answer. */
function probe(port: number): () => Promise<string[]> {
  const gaps: string[] = []
  let over = false
  const asking = (async () => {
    while (!over) {
      await new Promise<void>((resolve) => {
        const call = get({ host: '127.0.0.1', port, agent: false, timeout: 5000 }, (response) => {
          response.resume().once('end', resolve)
        })
        call.once('timeout', () => call.destroy(new Error('no answer within 5 s')))
        call.once('error', (error) => {
          gaps.push(error.message)
          resolve()
        })
      })
      await pause(10)
    }
  })()
  return async () => {
    over = true
    await asking
    return gaps
  }
}

function said(error: unknown): string {
  const { message, on, likely, stack } = reportOf(error)
  return [message, on, likely, stack].filter(Boolean).join(' | ')
}
