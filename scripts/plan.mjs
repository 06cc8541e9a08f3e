#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'plan',
    summary: 'Shows what a deploy of a stage would do, and what the stage costs. Changes nothing.',
    flags: {
      strategy: { type: 'string', choices: ['blue-green', 'recreate'], about: 'how the old release makes way; else what the config says' },
      'detailed-exitcode': { type: 'boolean', about: 'exit 0 when a deploy would launch nothing new, 2 when it would' },
    },
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal }) => {
    const { lookAt, openStage, planDeploy, previewImages, recipesOf, refuseMissingSecrets, roomFor } = await import(
      '../src/release/index.ts'
    )
    const { printPlan } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags)
    const recipes = recipesOf(config)
    await refuseMissingSecrets(clients, config, recipes.wantedSecrets)
    const [situation, images] = await Promise.all([lookAt(clients, config), previewImages(clients, config, recipes, terminal.tell)])
    const plan = planDeploy(config, recipes, situation, await roomFor(clients, situation), images)
    terminal.end()
    printPlan(terminal, plan, terminal.print)
    return { json: { ok: true, plan }, code: flags.detailedExitcode && plan.changes ? 2 : 0 }
  },
)
