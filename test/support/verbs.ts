/**
 * The verbs as the runbooks in `scripts/` do them, on a config with one tiny service and an image that is made in no
 * time.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { resolve } from '../../config/resolve.ts'
import { type Access, Clients } from '../../src/aws/clients.ts'
import { hostArchitecture } from '../../src/image/base/host.ts'
import { memoryLayer } from '../../src/image/layer.ts'
import { assemble } from '../../src/image/manifest.ts'
import { type Deployed, deploy } from '../../src/release/deploy.ts'
import { destroy, type Receipt } from '../../src/release/destroy.ts'
import type { Recipes } from '../../src/release/launch/images.ts'
import { planDeploy } from '../../src/release/plan/plan-deploy.ts'
import { planDestroy } from '../../src/release/plan/plan-destroy.ts'
import { lookForPlan } from '../../src/release/plan/work.ts'
import { withLease } from '../../src/release/state/with-lease.ts'
import type { Emit } from '../../src/report/event.ts'

export type Verb = 'deploy' | 'destroy'

/** Everything a process needs to know to run a verb; plain data, so that it can be sent to one. */
export interface Order {
  readonly folder: string
  readonly port: number
  readonly access: Access
  /** Whether the config protects the stage; by default it does not. */
  readonly protect?: boolean
}

/**
 * The service: it answers 200 to everything. Its first line names the machine's Node, which is no part of the image.
 */
const program = `#!${process.execPath}
require('node:http').createServer((request, response) => response.end('well')).listen(process.env.PORT, process.env.HOST)
process.on('SIGTERM', () => process.exit(0))
`

export function configOf({ folder, port, access, protect = false }: Order): Config {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'web.cjs'), program)
  const web = { entry: './web.cjs', port, expose: 'public' as const, slo: false as const, measures: [] }
  const options = { app: 'crash', region: access.region, services: { web }, monitoring: false as const, protect }
  return resolve(options, 'local', join(folder, 'mlops.config.ts'))
}

const recipes: Recipes = {
  recipes: [
    {
      name: 'web',
      async build() {
        const layer = await memoryLayer([
          { path: '/app/web', mode: 0o755, content: program },
          { path: '/data', directory: true },
        ])
        const platform = { architecture: hostArchitecture(), os: 'linux', rootfs: { type: 'layers' as const, diff_ids: [] } }
        const below = { layers: [], config: platform }
        return assemble('web', below, [{ layer, createdBy: 'the crash tests' }], { Env: ['HOST=0.0.0.0'], Entrypoint: ['/app/web'] })
      },
    },
  ],
  wantedSecrets: [],
  ownSecrets: [],
  missing: [],
}

const silent: Emit = () => undefined

/** What `scripts/deploy.mjs` does. */
export async function runDeploy(order: Order, signal = new AbortController().signal, emit = silent): Promise<Deployed> {
  const config = configOf(order)
  const clients = new Clients(order.access)
  return await withLease({ clients, id: config, verb: 'deploy', signal, emit }, async (lease) => {
    const work = { ...(await lookForPlan(clients, config, emit, 'deploy')), recipes }
    return await deploy(work, planDeploy(work), { lease, signal })
  })
}

/** What `scripts/destroy.mjs` does. */
export async function runDestroy(order: Order, signal = new AbortController().signal, emit = silent): Promise<Receipt> {
  const config = configOf(order)
  const clients = new Clients(order.access)
  return await withLease({ clients, id: config, verb: 'destroy', signal, emit }, async (lease) =>
    destroy(await planDestroy(clients, config, lease, emit), { lease, signal }),
  )
}
