#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'provision',
    summary: 'Creates the AWS resources of a stage and a machine that its address leads to. Launches nothing.',
    flags: {
      engine: { type: 'string', choices: ['stand-in', 'docker'], about: 'what runs containers on the embedded cloud, from now on' },
    },
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal, signal }) => {
    const { chooseMachine, lookAt, openStage, planDeploy, provision, recipesOf, roomFor, withLease } = await import(
      '../src/release/index.ts'
    )
    const { stageFlag } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { serve: true })
    if (clients.access.notice) terminal.note(clients.access.notice)
    const recipes = recipesOf(config)
    const result = await withLease({ clients, id: config, verb: 'provision', signal, tell: terminal.tell }, async (lease, owner) => {
      const [situation, machine] = await Promise.all([lookAt(clients, config), chooseMachine(clients, config)])
      if (situation.serving) return { release: situation.serving.release, address: situation.elasticIp.address, seconds: {} }
      const plan = planDeploy(config, recipes, situation, await roomFor(clients, situation))
      return await provision({ config, clients, situation, machine, recipes, plan, owner, lease, signal, tell: terminal.tell })
    })
    terminal.end()
    terminal.print(`The machine of release ${result.release} runs, and ${result.address} leads to it.`)
    terminal.note(`Next: npx zx scripts/deploy.mjs${stageFlag(config)}`)
    return { json: { ok: true, stage: config.stage, ...result } }
  },
)
