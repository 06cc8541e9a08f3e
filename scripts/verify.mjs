#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'verify',
    summary: 'Smoke-tests every service of a running stage: every endpoint, good and bad input.',
    common: ['stage', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal, signal }) => {
    const { lookAt, openStage, verifyStage } = await import('../src/release/index.ts')
    const { printVerified } = await import('../src/release/print.ts')

    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    const verified = await verifyStage(clients, config, await lookAt(clients, config), terminal.emit, signal)
    terminal.end()
    const failed = printVerified(terminal, verified)
    return { json: { ok: failed === 0, stage: config.stage, services: verified }, code: failed === 0 ? 0 : 1 }
  },
)
