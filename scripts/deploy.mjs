#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'deploy',
    summary: 'Builds, launches, checks and promotes a new release of a stage, then retires the old one.',
    flags: {
      engine: { type: 'string', choices: ['stand-in', 'docker'], about: 'what runs containers on the embedded cloud, from now on' },
      timings: { type: 'boolean', about: 'show where the time went' },
    },
    common: ['stage', 'strategy', 'json', 'dry-run', 'quiet', 'verbose'],
    examples: ['--stage prod', '--dry-run', '--json'],
  },
  async ({ flags, terminal, signal }) => {
    const { deploy, lookForPlan, openStage, planDeploy, planDocument, previewDeploy, recipesOf, refuseMissingSecrets, withLease } =
      await import('../src/release/index.ts')
    const { printDeployed, printPlan } = await import('../src/release/print.ts')
    const { emit } = terminal

    const { config, clients } = await openStage(flags, { serve: true, warn: terminal.warn })
    if (clients.access.notice) terminal.note(clients.access.notice)
    await refuseMissingSecrets(clients, config, recipesOf(config).wantedSecrets)
    if (flags.dryRun) {
      const plan = await previewDeploy(clients, config, emit)
      terminal.end()
      printPlan(terminal, plan, terminal.print)
      return { json: { ok: true, plan: planDocument(plan, config) } }
    }

    const deployed = await withLease({ clients, id: config, verb: 'deploy', signal, emit }, async (lease) => {
      const work = await lookForPlan(clients, config, emit, 'deploy')
      const plan = planDeploy(work)
      printPlan(terminal, plan)
      return await deploy(work, plan, { lease, signal })
    })
    terminal.end()
    printDeployed(terminal, config, deployed, flags.timings)
    const { release, account, region, address, urls, images, missing, seconds } = deployed
    const warnings = deployed.warnings.map(({ message, details }) => ({ message, ...details }))
    return { json: { ok: true, stage: config.stage, account, region, release, address, urls, images, missing, warnings, seconds } }
  },
)
