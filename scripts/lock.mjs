#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'lock',
    summary: 'Shows who has a stage, freezes it on purpose, or lifts that again. A hold has no end of its own.',
    arguments: '[VERB]',
    flags: { reason: { type: 'string', value: 'TEXT', about: 'with hold: why, for everybody who finds the stage locked' } },
    common: ['stage', 'json', 'quiet', 'verbose'],
    examples: ['hold --reason "Audit until Friday" --stage prod', 'release --stage prod', 'show'],
  },
  async ({ flags, positionals: [verb = 'show'], terminal, signal }) => {
    const { holdStage, lockOf, openStage, refuseLockVerb, releaseHold } = await import('../src/release/index.ts')
    const { lockLine } = await import('../src/release/print.ts')

    refuseLockVerb(verb, flags.reason)
    const { config, clients } = await openStage(flags)
    if (verb === 'release') {
      const lifted = await releaseHold(clients, config)
      terminal.print(lifted ? `Released. ${lifted.by} had held it: ${lifted.held.reason}` : 'Nobody had the stage.')
      return { json: { ok: true, stage: config.stage, released: lifted } }
    }
    const lock =
      verb === 'hold'
        ? await holdStage(clients, config, flags.reason ?? '', {
            signal,
            waiting: (detail) => terminal.emit({ phase: 'lock', step: config.stage, state: 'progress', detail }),
          })
        : await lockOf(clients, config)
    terminal.end()
    terminal.print(lock ? lockLine(lock, config) : `Nobody has stage ${config.stage} of ${config.app}.`)
    return { json: { ok: true, stage: config.stage, lock } }
  },
)
