#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'deploy',
    summary: 'Builds, launches, checks and promotes a new release of a stage, then retires the old one.',
    flags: {
      strategy: { type: 'string', choices: ['blue-green', 'recreate'], about: 'how the old release makes way; else what the config says' },
      engine: { type: 'string', choices: ['stand-in', 'docker'], about: 'what runs containers on the embedded cloud, from now on' },
      timings: { type: 'boolean', about: 'show where the time went' },
    },
    common: ['stage', 'json', 'dry-run', 'quiet', 'verbose'],
    examples: ['--stage prod', '--dry-run', '--json'],
  },
  async ({ flags, terminal, signal }) => {
    const { chooseMachine, deploy, lookAt, openStage, planDeploy, previewImages, recipesOf, refuseMissingSecrets, roomFor, withLease } =
      await import('../src/release/index.ts')
    const { printDeployed, printPlan } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { serve: true })
    if (clients.access.notice) terminal.note(clients.access.notice)
    const recipes = recipesOf(config)
    await refuseMissingSecrets(clients, config, recipes.wantedSecrets)
    if (flags.dryRun) {
      const [situation, images] = await Promise.all([lookAt(clients, config), previewImages(clients, config, recipes, terminal.tell)])
      const plan = planDeploy(config, recipes, situation, await roomFor(clients, situation), images)
      terminal.end()
      printPlan(terminal, plan, terminal.print)
      return { json: { ok: true, plan } }
    }

    const deployed = await withLease({ clients, id: config, verb: 'deploy', signal, tell: terminal.tell }, async (lease, owner) => {
      const [situation, machine] = await Promise.all([lookAt(clients, config), chooseMachine(clients, config)])
      const plan = planDeploy(config, recipes, situation, await roomFor(clients, situation))
      printPlan(terminal, plan)
      return await deploy({ config, clients, situation, machine, recipes, plan, owner, lease, signal, tell: terminal.tell })
    })
    terminal.end()
    printDeployed(terminal, config, deployed, flags.timings)
    const { release, address, urls, images, missing, seconds } = deployed
    return { json: { ok: true, stage: config.stage, release, address, urls, images, missing, seconds } }
  },
)
