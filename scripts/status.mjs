#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'status',
    summary: 'Shows what a stage runs, where it answers, and how it is.',
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal }) => {
    const { openStage, statusOf } = await import('../src/release/index.ts')
    const { printStatus } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    const status = await statusOf(clients, config)
    printStatus(terminal, status)
    return { json: { ok: true, ...status } }
  },
)
