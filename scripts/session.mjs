#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'session',
    summary: "Opens a shell on a stage's machine, or in the container of one of its services, through Session Manager.",
    arguments: '[SERVICE]',
    flags: {
      release: {
        type: 'string',
        value: 'N',
        about: 'on the machine that this release made, such as one that was kept; else the serving one',
      },
    },
    common: ['stage', 'verbose'],
  },
  async ({ flags, positionals: [service], terminal }) => {
    const { openStage } = await import('../src/release/stage/stage.ts')
    const { giveTerminalTo, sessionProgram } = await import('../src/release/session.ts')

    const stage = await openStage(flags, { warn: terminal.warn })
    return { code: await giveTerminalTo(await sessionProgram(stage, service, flags.release)) }
  },
)
