/**
 * The stage that is disturbed: the default services, one more that reads a secret, and Prometheus and Alertmanager
 * where they are installed; deployed by the real script in a project of its own, on a small disk of its own where the
 * system lets us mount one.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Clients } from '../../../src/aws/clients.ts'
import { askCloud } from '../../../src/local/admin/client.ts'
import { readCredentials } from '../../../src/local/files/keys.ts'
import { readCloudState } from '../../../src/local/process/cloud-state.ts'
import { layProject, type Project } from '../../support/project.ts'
import { has } from '../../support/promtool.ts'
import { type SmallDisk, smallDisk } from '../../support/small-disk.ts'
import { ask } from './ask.ts'
import { castOf, cutPower, instancesOf, type Role } from './processes.ts'
import { RecordBook } from './record-book.ts'

/** Room for the images, a machine and some records, in MiB. */
const diskSize = 3000

/** Answers by the digest of the secret that it reads at every request. */
const vault = `import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

createServer((request, response) => {
  try {
    if (request.url === '/metrics') response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end('up_since 1\\n')
    else if (request.url === '/health') response.end('{"status":"healthy","service":"vault"}')
    else response.end(createHash('sha256').update(readFileSync(process.env.API_KEY_FILE, 'utf8').trim()).digest('hex'))
  } catch (error) {
    response.writeHead(500).end(error.message)
  }
}).listen(Number(process.env.PORT), process.env.HOST)
process.on('SIGTERM', () => process.exit(0))
`

type Name = 'ml-inference' | 'data-ingestion' | 'vault' | 'prometheus' | 'alertmanager'

/** What the deploy has said. */
interface Deployed {
  readonly release: number
  /** Where each is open to its users; what is not installed here is absent. */
  readonly urls: Readonly<Partial<Record<Name, string>>>
}

export class Stage {
  readonly project: Project
  readonly disk: SmallDisk | undefined
  readonly book = new RecordBook()
  /** The roles that are processes of their own on this stage. */
  readonly cast: ReadonlySet<Role>
  readonly #digest: string
  readonly #deployed: Deployed

  private constructor(project: Project, disk: SmallDisk | undefined, digest: string, deployed: Deployed) {
    this.project = project
    this.disk = disk
    this.#digest = digest
    this.#deployed = deployed
    this.cast = new Set(castOf(project.folder).keys())
  }

  /**
   * @param monitored whether Prometheus and Alertmanager are wanted where they are installed
   * @throws Error with what the deploy said when it failed
   */
  static async open(monitored = true): Promise<Stage> {
    const disk = smallDisk(diskSize)
    const project = await layProject({ services: ['ml-inference', 'data-ingestion'], ...(disk && { wrapper: disk.wrapper }) })
    mkdirSync(project.state)
    await disk?.mount(project.state)
    try {
      const withMonitoring = monitored && has('prometheus')
      project.write({ 'services/vault/server.ts': vault, 'mlops.config.ts': configFor(project, withMonitoring) })
      const secret = randomBytes(16).toString('hex')
      const set = await project.start('secret', ['set', 'API_KEY', '--json'], { input: `${secret}\n` }).ended
      const deployed = await project.run('deploy', '--json')
      if (set.code !== 0 || deployed.code !== 0) throw new Error(`the stage cannot be deployed:\n${set.err}${deployed.out}${deployed.err}`)
      const digest = createHash('sha256').update(secret).digest('hex')
      return new Stage(project, disk, digest, JSON.parse(deployed.out))
    } catch (error) {
      close(project, disk)
      throw error
    }
  }

  /** The address of a service, as its users have it. */
  url(name: Name): string {
    return this.#deployed.urls[name]!
  }

  /** The processes that play a role just now. */
  playing(role: Role): number[] {
    return castOf(this.project.folder).get(role) ?? []
  }

  /** The ids of its machines that run. */
  instances(): string[] {
    return instancesOf(this.project.folder)
  }

  /** AWS, as the user of the stage reaches it. */
  get clients(): Clients {
    const [place, credentials] = [readCloudState(this.#cloud), readCredentials(this.#cloud)]
    if (!place || !credentials) throw new Error('the stage has no embedded cloud')
    return new Clients({ region: place.region, endpoint: place.endpoint, credentials })
  }

  /**
   * What does not serve just now, one sentence each. Nothing is started by asking. `since`: Prometheus must have
   * scraped after this time, in ms since the epoch.
   */
  async troubles(since: number): Promise<string[]> {
    const found = await Promise.all([
      this.#good('ml-inference', '/ready'),
      this.#good('ml-inference', '/predict', { features: [0.5, 1.2, -0.3] }),
      this.#good('data-ingestion', '/health'),
      this.#good('data-ingestion', '/data?limit=1'),
      this.#secretRead(),
      this.#api(),
      ...('prometheus' in this.#deployed.urls ? [this.#good('alertmanager', '/-/ready'), this.#scraped(since)] : []),
    ])
    const now = castOf(this.project.folder)
    const gone = [...this.cast].filter((role) => !now.has(role)).map((role) => `there is no process of ${role}`)
    return [...gone, ...found.filter((trouble) => trouble !== undefined)]
  }

  /** What `status` says is wrong, although everything answers; undefined when it says that all is well. */
  async misjudged(): Promise<string | undefined> {
    const { code, out, err } = await this.project.run('status', '--json')
    if (out === '') return `status ends with ${code}: ${err}`
    const { release, machine, services } = JSON.parse(out) as StatusDocument
    // What was killed three times in two minutes is rightly said to keep ending, although it answers.
    const ill = services.filter(
      ({ name, state, detail = '' }) =>
        state !== 'healthy' && name in this.#deployed.urls && !detail.startsWith('it keeps ending: started again'),
    )
    if (ill.length > 0) return `status: ${ill.map(({ name, state, detail }) => `${name} is ${state}, ${detail}`).join('; ')}`
    if (machine?.state !== 'running') return `status: the machine is ${machine?.state}`
    const { release: before } = this.#deployed
    return release === before ? undefined : `status: release ${release} serves, and no longer ${before}`
  }

  /** Takes everything of it away. */
  close(): void {
    close(this.project, this.disk)
  }

  get #cloud(): string {
    const folder = join(this.project.state, 'cloud')
    return this.disk ? this.disk.seen(folder) : folder
  }

  async #good(name: Name, path: string, body?: unknown): Promise<string | undefined> {
    const answer = await ask(this.url(name) + path, { body })
    return answer.status === 200 ? undefined : `${name}${path}: ${answer.status ?? answer.error}`
  }

  async #secretRead(): Promise<string | undefined> {
    const { status, text, error } = await ask(`${this.url('vault')}/digest`)
    return status === 200 && text === this.#digest ? undefined : `the secret cannot be read: ${error ?? `${status} ${text}`}`
  }

  async #api(): Promise<string | undefined> {
    return (await askCloud(this.#cloud, 'status')) ? undefined : 'the API of the cloud does not answer'
  }

  async #scraped(since: number): Promise<string | undefined> {
    const { status, text, error } = await ask(`${this.url('prometheus')}/api/v1/targets?state=active`)
    if (status !== 200) return `prometheus: ${error ?? status}`
    const targets: { labels: { job: string }; health: string; lastScrape: string }[] = JSON.parse(text).data.activeTargets
    const missed = targets.filter(({ health, lastScrape }) => health !== 'up' || Date.parse(lastScrape) < since)
    if (targets.length === 0) return 'prometheus has no targets'
    return missed.length === 0 ? undefined : `prometheus does not scrape ${missed.map(({ labels }) => labels.job).join(', ')}`
  }
}

function close(project: Project, disk: SmallDisk | undefined): void {
  disk?.clear()
  cutPower(project.folder)
  disk?.close()
}

function portsOf({ ports }: Project) {
  const [inference, ingestion, third, prometheus, alertmanager] = ports as [number, number, number, number, number]
  return { 'ml-inference': inference, 'data-ingestion': ingestion, vault: third, prometheus, alertmanager }
}

function configFor(project: Project, monitored: boolean): string {
  const { prometheus, alertmanager, ...services } = portsOf(project)
  const entries = Object.entries(services).map(([name, port]) => {
    const environment = name === 'vault' ? `, environment: { API_KEY: secret('API_KEY') }` : ''
    return `    '${name}': { entry: './services/${name}/server.ts', port: ${port}, expose: 'public'${environment} },`
  })
  const alerts = `alertmanager: { port: ${alertmanager} }, alerts: { webhook: { url: 'http://127.0.0.1:9/' } }`
  const wanted = `{ prometheus: { port: ${prometheus} }, ${alerts}, grafana: false, nodeExporter: false, expose: 'public', scrapeInterval: '1s' }`
  return `import { defineConfig, secret } from './config/index.ts'

export default defineConfig({
  app: 'chaos',
  services: {
${entries.join('\n')}
  },
  monitoring: ${monitored ? wanted : false},
})
`
}

/** What of `status --json` is looked at. */
interface StatusDocument {
  readonly release: number
  readonly machine?: { readonly state: string }
  readonly services: readonly { readonly name: string; readonly state: string; readonly detail?: string }[]
}
