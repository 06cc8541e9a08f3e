#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'history',
    summary: 'Shows the releases of a stage, the newest first: who, when, what, how it ended.',
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal }) => {
    const { openStage } = await import('../src/release/stage/stage.ts')
    const { releasesOf } = await import('../src/release/state/stage-state.ts')
    const { printHistory } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    const entries = await releasesOf(clients, config)
    printHistory(terminal, entries)
    return { json: { ok: true, stage: config.stage, releases: entries } }
  },
)
