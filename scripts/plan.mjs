#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'plan',
    summary: 'Shows what a deploy of a stage would do. Changes nothing.',
    flags: {
      strategy: { type: 'string', choices: ['blue-green', 'recreate'], about: 'how the old release makes way; else what the config says' },
    },
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal }) => {
    const { lookAt, openStage, planDeploy, recipesOf } = await import('../src/release/index.ts')
    const { printPlan } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags)
    const plan = planDeploy(config, recipesOf(config), await lookAt(clients, config))
    printPlan(terminal, plan)
    return { json: { ok: true, plan } }
  },
)
