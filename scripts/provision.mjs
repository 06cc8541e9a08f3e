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
    const { deploy, lookForPlan, openStage, planProvision, withLease } = await import('../src/release/index.ts')
    const { printPlan, stageFlag } = await import('../src/release/print.ts')
    const { emit } = terminal

    const { config, clients } = await openStage(flags, { serve: true, warn: terminal.warn })
    if (clients.access.notice) terminal.note(clients.access.notice)
    const result = await withLease({ clients, id: config, verb: 'provision', signal, emit }, async (lease) => {
      const work = await lookForPlan(clients, config, emit, 'provision')
      const { serving, elasticIp } = work.state
      if (serving && elasticIp) return { release: serving.runs, address: elasticIp.address, seconds: {}, critical: [] }
      const plan = planProvision(work)
      printPlan(terminal, plan)
      return await deploy(work, plan, { lease, signal })
    })
    const { release, address, seconds, critical } = result
    terminal.end()
    terminal.print(`The machine of release ${release} runs, and ${address} leads to it.`)
    terminal.note(`Next: npx zx scripts/deploy.mjs${stageFlag(config)}`)
    return { json: { ok: true, stage: config.stage, release, address, seconds, critical } }
  },
)
