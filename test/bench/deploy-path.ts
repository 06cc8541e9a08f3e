import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Clients } from '../../src/aws/clients.ts'
import type { SeenCall } from '../../src/local/api/faults.ts'
import { type OpenCloud, openCloud } from '../support/open-cloud.ts'
import { document, layProject, type Project } from '../support/project.ts'
import { median } from './load.fixture.ts'
import { atMost, type Bench, type Row } from './row.fixture.ts'

const rounds = 5
const region = 'us-east-1'

// The bare script takes names again that it has just deleted; how long AWS refuses that is no time of either.
process.env.MLOPS_PARAMETER_REUSE_SECONDS ??= '0'

/**
 * `provision` and `destroy` by their scripts, against an endpoint that answers at once and against a slow one; what
 * `plan` costs; what it costs to start.
 */
const bench: Bench = async (emit) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-deploy-'))
  const project = await layProject()
  const quick = await openCloud(folder, project.ports[0]!, 'light')
  const slow = await openCloud(folder, project.ports[1]!, 'light', 20_000)
  try {
    return [
      ...(await wholeProcess(project, quick, emit)),
      ...(await atADistance(project, slow, emit)),
      ...(await planning(project, quick, emit)),
      ...(await starting(project, quick, emit)),
    ]
  } finally {
    await quick.close()
    await slow.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
export default bench

/** What a script needs to take this cloud for AWS. */
function environment({ order }: OpenCloud): Record<string, string> {
  const { endpoint, credentials } = order.access
  return {
    AWS_ENDPOINT_URL: endpoint!,
    AWS_ACCESS_KEY_ID: credentials!.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials!.secretAccessKey,
  }
}

async function script(project: Project, cloud: OpenCloud, verb: string, ...words: string[]) {
  // Not `local`, so the endpoint is found as every other AWS is.
  return document(await project.start(verb, ['--stage', 'bench', '--json', ...words], { env: environment(cloud) }).ended)
}

/** Runs work and gives the calls that the cloud got meanwhile. */
async function recorded(cloud: OpenCloud, latencyMs: number, work: () => Promise<unknown>): Promise<readonly SeenCall[]> {
  cloud.faults.set([{ action: '*', record: true, latencyMs }])
  await work()
  const [rule] = cloud.faults.report()
  cloud.faults.set([])
  return rule!.calls
}

/**
 * The most calls of which each began after the one before it had ended: no chain of calls that wait for each other is
 * longer.
 */
function inSequence(calls: readonly SeenCall[]): number {
  let [count, until] = [0, 0]
  for (const { start, end = start } of calls.toSorted((a, b) => (a.end ?? a.start) - (b.end ?? b.start)))
    if (start >= until) [count, until] = [count + 1, end]
  return count
}

const mostCalls = { provision: 37, destroy: 37 }

async function wholeProcess(project: Project, cloud: OpenCloud, emit: (progress: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  const ours = { provision: [] as number[], destroy: [] as number[] }
  const bare = { provision: [] as number[], destroy: [] as number[] }
  const verbs = [['provision', []] as const, ['destroy', ['--yes']] as const]
  for (let round = 0; round < rounds; round++)
    for (const [verb, words] of verbs) {
      ours[verb].push(await seconds(() => script(project, cloud, verb, ...words)))
      bare[verb].push(await seconds(() => bareCalls(cloud, verb)))
      emit(`${verb} ${ours[verb].at(-1)!.toFixed(2)} s, bare ${bare[verb].at(-1)!.toFixed(2)} s`)
    }
  for (const [verb, words] of verbs) {
    // So slow that what this machine does between the calls, such as loading a client, does not count as one.
    const calls = await recorded(cloud, 600, () => script(project, cloud, verb, ...words))
    rows.push(atMost(`${verb}: calls`, calls.length, mostCalls[verb]), atMost(`${verb}: calls in sequence`, inSequence(calls), 9))
    if (verb === 'provision') rows.push(...(await again(project, cloud)))
    rows.push(atMost(`${verb}: whole process ÷ bare script with the same calls`, median(ours[verb]) / median(bare[verb]), 2))
  }
  return rows
}

/**
 * A further provisioning, for which network, role and repository are there: what it asks of EC2, IAM and ECR until its
 * machine runs.
 */
async function again(project: Project, cloud: OpenCloud): Promise<Row[]> {
  const calls = await recorded(cloud, 600, () => script(project, cloud, 'provision'))
  const others = calls.filter(({ action }) => !action.startsWith('ssm:'))
  const machine = others.slice(
    0,
    others.findIndex(({ action }) => action === 'ec2:AssociateAddress'),
  )
  return [
    atMost('provision with the network kept: calls until the machine runs', machine.length, 20),
    atMost('provision with the network kept: calls in sequence', inSequence(calls), 9),
  ]
}

async function bareCalls(cloud: OpenCloud, verb: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-calls.fixture.mjs'), verb, region], {
    env: { ...process.env, ...environment(cloud) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the bare script ended with ${code}`)
}

/** 150 ms a call and 20 s until a machine runs. */
async function atADistance(project: Project, cloud: OpenCloud, emit: (progress: string) => void): Promise<Row[]> {
  cloud.faults.set([{ action: '*', latencyMs: 150 }])
  let result: { critical: { name: string; seconds: number }[] } | undefined
  const wall = await seconds(async () => {
    result = await script(project, cloud, 'provision')
  })
  const critical = result!.critical.reduce((sum, { seconds }) => sum + seconds, 0)
  emit(`provision ${wall.toFixed(1)} s, its critical path ${critical.toFixed(1)} s`)
  cloud.faults.set([])
  await script(project, cloud, 'destroy', '--yes')
  return [atMost('provision with 150 ms a call and 20 s of booting: wall ÷ critical path', wall / critical, 1.15)]
}

/**
 * What `plan` costs a processor, for stages with many services and machines, beside what the same process costs without
 * a plan.
 */
async function planning(project: Project, cloud: OpenCloud, emit: (progress: string) => void): Promise<Row[]> {
  await script(project, cloud, 'provision')
  const store = cloud.cloud.store.in(cloud.cloud.region)
  const [machine] = store.list('instance').filter(({ State }) => State === 'running')
  for (let number = 2; number <= 50; number++) {
    const Tags = machine!.Tags.map((tag) => (tag.Key === 'mlops:release' ? { ...tag, Value: String(number) } : tag))
    store.put('instance', `i-${String(number).padStart(17, '0')}`, {
      ...machine!,
      InstanceId: `i-${String(number).padStart(17, '0')}`,
      Tags,
    })
  }
  // Room for all of these machines and another.
  const quotas = await new Clients(cloud.order.access).quotas()
  await quotas.requestServiceQuotaIncrease({ ServiceCode: 'ec2', QuotaCode: 'L-1216C47A', DesiredValue: 500 })
  const rows: Row[] = []
  for (const count of [10, 50, 200]) {
    const services = Object.fromEntries(
      Array.from({ length: count }, (_, number) => [
        `s${number}`,
        { entry: './services/web/server.ts', port: 10_000 + number, expose: 'public', memoryMiB: 64 },
      ]),
    )
    // A machine that has the memory for them.
    const instance = { type: 't3.xlarge' }
    project.configure({ instance, services, monitoring: { prometheus: { port: 9090 }, grafana: { port: 3000 } } })
    const child = spawn(process.execPath, [join(import.meta.dirname, 'plan.fixture.ts'), project.folder], {
      cwd: project.folder,
      env: { ...process.env, ...environment(cloud) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    await once(child, 'close')
    const { cpu, steps } = JSON.parse(Buffer.concat(chunks).toString()) as { cpu: number; steps: number }
    emit(`${count} services: ${steps} steps, ${cpu.toFixed(2)} s of a processor`)
    rows.push(atMost(`plan for ${count} services and 50 machines: seconds of a processor`, cpu, 1))
  }
  for (const { InstanceId } of store.list('instance')) if (/^i-0{15}/.test(InstanceId)) store.delete('instance', InstanceId)
  project.configure({})
  await script(project, cloud, 'destroy', '--yes')
  return rows
}

/** How long after its start a script makes its first call, beside zx with an empty script. */
async function starting(project: Project, cloud: OpenCloud, emit: (progress: string) => void): Promise<Row[]> {
  project.write({ 'scripts-empty/empty.mjs': '' })
  const [first, all, empty]: [number[], number[], number[]] = [[], [], []]
  const untilCall = async (verb: string): Promise<number> => {
    const started = Date.now()
    const calls = await recorded(cloud, 0, () => script(project, cloud, verb))
    return calls[0]!.start - started
  }
  for (let round = 0; round < rounds; round++) {
    first.push(await untilCall('history'))
    all.push(await untilCall('status'))
    empty.push(1000 * (await seconds(() => zx(project, 'scripts-empty/empty.mjs'))))
    emit(`first call after ${first.at(-1)} ms, with every client after ${all.at(-1)} ms, empty script ${empty.at(-1)!.toFixed(0)} ms`)
  }
  return [
    atMost('a script until its first call, with one SDK client − zx with an empty script', median(first) - median(empty), 250, ' ms'),
    { what: 'the same with all four SDK clients', measured: `${(median(all) - median(empty)).toFixed(2)} ms` },
  ]
}

async function zx({ folder }: Project, file: string): Promise<void> {
  await once(spawn(join(folder, 'node_modules/.bin/zx'), [file], { cwd: folder, stdio: 'ignore' }), 'exit')
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}
