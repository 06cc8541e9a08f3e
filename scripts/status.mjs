#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'status',
    summary: 'Shows what a stage runs, where it answers, and how it is. Ends with 1 when something of it is unhealthy.',
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal, signal }) => {
    const { openStage } = await import('../src/release/stage/stage.ts')
    const { statusOf } = await import('../src/release/status.ts')
    const { printStatus } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    const status = await statusOf(clients, config, signal)
    printStatus(terminal, status)
    const ok = status.services.every(({ state }) => state !== 'unhealthy')
    return { json: { ok, ...status }, code: ok ? 0 : 1 }
  },
)
