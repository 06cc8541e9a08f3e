/** A new service. */
export interface NewService {
  /** Lowercase words joined by hyphens. */
  readonly name: string
  readonly port: number
}

/** The entry of a service in the config, without a comma. */
export function configEntry({ name, port }: NewService): string {
  const key = /^[a-z]+$/.test(name) ? name : `'${name}'`
  return `${key}: { entry: './services/${name}/server.ts', port: ${port}, measures: [] }`
}

/**
 * The files of a service on the kit: name in its folder → text. It greets, which shows a route, a check of the input, a
 * metric, and how to test all three.
 */
export function serviceFiles({ name, port }: NewService): Record<string, string> {
  const metric = `${name.replaceAll('-', '_')}_greetings_total`
  return {
    'server.ts': `import { run } from '../kit/run.ts'
import { createApp } from './app.ts'

await run({ name: '${name}', port: ${port} }, createApp)
`,
    'app.ts': `/**
 * services/${name} greets whom it is told to: a beginning, to be replaced by what the service is for.
 */
import { Counter } from 'prom-client'
import { HttpError } from '../kit/http-error.ts'
import { createService, type Service } from '../kit/service.ts'

/** @param name as the config calls the service */
export function createApp({ name }: { name: string }): Service {
  const service = createService({ name })
  const greetings = new Counter({
    name: '${metric}',
    help: 'Greetings given.',
    registers: [service.registry],
  })
  return service.post('/greet', async (request) => {
    const body = (await request.json()) as { name?: unknown } | undefined
    if (typeof body?.name !== 'string' || body.name === '') throw new HttpError(400, 'name is missing, expected {"name": "…"}')
    greetings.inc()
    return { greeting: \`Hello, \${body.name}\` }
  })
}
`,
    'smoke.ts': `import { fields } from '../kit/fields.ts'
import { type Check, holdsMetrics } from '../kit/smoke.ts'

/** What every running instance of the service has to do; \`scripts/verify.mjs\` asks it. */
const checks: Check[] = [
  {
    name: 'it greets',
    method: 'POST',
    path: '/greet',
    body: { name: 'Ada' },
    expect: { status: 200, body: fields({ greeting: 'Hello, Ada' }) },
  },
  {
    name: 'nobody is not greeted',
    method: 'POST',
    path: '/greet',
    body: {},
    expect: { status: 400, body: fields({ error: /name/ }) },
  },
  {
    name: 'it counts greetings',
    path: '/metrics',
    expect: { status: 200, body: (body) => holdsMetrics(body, '${metric}') },
  },
]

export default checks
`,
    'app.test.ts': `import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'
import { runSmoke } from '../kit/smoke.ts'
import checks from './smoke.ts'

let service: Child

test.before(async () => {
  service = await startChild(\`\${import.meta.dirname}/server.ts\`)
})

test.after(() => stopChild(service))

test('all smoke checks pass', async () => {
  const results = await runSmoke({ address: service.address!, service: '${name}', checks })
  assert.equal(
    results.filter(({ ok }) => !ok),
    [],
  )
})

test('a name that is none is a 400 that says what is expected', async () => {
  for (const body of ['{"name":7}', '{"name":""}', 'null', '']) {
    const response = await fetch(\`\${service.address}/greet\`, { method: 'POST', body })
    assert.is(response.status, 400)
    assert.equal(await response.json(), { error: 'name is missing, expected {"name": "…"}' })
  }
})

test.run()
`,
  }
}
