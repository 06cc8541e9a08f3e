#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'logs',
    summary: 'Shows the last lines that a service has printed.',
    arguments: 'SERVICE',
    flags: { lines: { type: 'string', value: 'N', about: 'how many lines; else 100' } },
    common: ['stage', 'json', 'verbose'],
    examples: ['ml-inference', 'prometheus --lines 20'],
  },
  async ({ flags, positionals: [service], terminal, signal }) => {
    const { countOf, logsOf } = await import('../src/release/logs.ts')
    const { refuseUnknownService } = await import('../src/release/stage/ports.ts')
    const { openStage } = await import('../src/release/stage/stage.ts')

    const lines = countOf('--lines', flags.lines ?? '100')
    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    refuseUnknownService(config, service)
    const text = await logsOf(clients, config, service, lines, signal)
    terminal.print(text)
    return { json: { ok: true, stage: config.stage, service, lines: text.split('\n') } }
  },
)
