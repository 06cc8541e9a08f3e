import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { overview } from '../../monitoring/dashboard.ts'
import { metricsIn, withoutVariables } from '../../monitoring/expression.ts'
import { ruleFiles } from '../../monitoring/rules.ts'
import { type Child, startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { latencyBounds } from '../../services/kit/latency-bounds.ts'
import { loadConfig } from '../../src/load-config.ts'
import { panelsOf, type ReadDashboard } from '../support/dashboard.ts'
import { groupsIn, inFolder } from '../support/promtool.ts'
import { exported, traffic } from '../support/traffic.ts'

const config = await loadConfig({ stage: 'local' })
const dashboard: ReadDashboard = JSON.parse(JSON.stringify(overview(config)))

/** Every service of the config as a process, after some traffic. */
async function withServices<T>(work: (services: ReadonlyMap<string, Child>) => Promise<T>): Promise<T> {
  const children = new Map<string, Child>()
  return inFolder(async (root) => {
    try {
      for (const { name, source } of config.services)
        if ('entry' in source) children.set(name, await startChild(source.entry, { SERVICE_NAME: name, DATA_DIR: join(root, name) }))
      await traffic(new Map([...children].map(([name, { address }]) => [name, address!])))
      return await work(children)
    } finally {
      await Promise.all([...children.values()].map((child) => stopChild(child)))
    }
  })
}

test('every metric of services that a rule or a panel asks for is exported by the live services', async () => {
  const asked = [
    ...groupsIn(ruleFiles(config)).flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ...panelsOf(dashboard).flatMap(({ targets }) => targets.map(({ expr }) => withoutVariables(expr))),
  ]
  const wanted = new Set(asked.flatMap(metricsIn).filter((name) => /^(http|process|nodejs|ml|data)_/.test(name)))
  assert.ok(wanted.size > 15, `only ${wanted.size} metrics are asked for`)
  await withServices(async (services) => {
    const names = new Set<string>()
    for (const { address } of services.values()) for (const name of await exported(`${address}/metrics`)) names.add(name)
    assert.equal(
      [...wanted].filter((name) => !names.has(name)),
      [],
    )
  })
})

test('what a latency objective may be about are the bounds of the live histogram', async () => {
  await withServices(async (services) => {
    const { address } = services.values().next().value!
    const text = await (await fetch(`${address}/metrics`)).text()
    const bounds = [...text.matchAll(/^http_request_duration_seconds_bucket\{le="([\d.]+)"/gm)].map(([, bound]) => Number(bound))
    assert.equal([...new Set(bounds)], [...latencyBounds])
  })
})

test.run()
