#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'plan',
    summary: 'Shows what a deploy of a stage would do, and what the stage costs. Changes nothing.',
    flags: {
      'update-bases': { type: 'boolean', about: 'as of a deploy that lays images on what the tags of their bases name now' },
      'detailed-exitcode': { type: 'boolean', about: 'exit 0 when a deploy would launch nothing new, 2 when it would' },
    },
    common: ['stage', 'strategy', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal }) => {
    const { openStage, planDocument, previewDeploy, recipesOf, refuseMissingSecrets } = await import('../src/release/index.ts')
    const { printPlan } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    await refuseMissingSecrets(clients, config, recipesOf(config).wantedSecrets)
    const plan = await previewDeploy(clients, config, terminal.emit, flags)
    terminal.end()
    printPlan(terminal, plan, terminal.print)
    return { json: { ok: true, plan: planDocument(plan, config) }, code: flags.detailedExitcode && plan.changes ? 2 : 0 }
  },
)
