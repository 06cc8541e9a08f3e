#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'destroy',
    summary: 'Removes everything that a stage has in AWS, and looks again whether anything is left.',
    flags: {
      all: { type: 'boolean', about: 'stop the embedded cloud as well' },
      force: { type: 'boolean', about: 'with --yes: also when the config protects the stage' },
    },
    common: ['stage', 'yes', 'json', 'quiet', 'verbose'],
  },
  async ({ flags, terminal, signal }) => {
    const { configOf, destroy, openStage, planDestroy, withLease } = await import('../src/release/index.ts')
    const { printOperations, printReceipt } = await import('../src/release/print.ts')

    const config = await configOf(flags)
    const question = `Remove everything that stage ${config.stage} of ${config.app} has in AWS?`
    const phrase = config.protect ? config.stage : undefined
    const yes = flags.yes && (!config.protect || flags.force)
    if (!(await terminal.confirm(question, { yes, phrase }))) {
      terminal.print('Nothing was changed.')
      return { json: { ok: false, removed: [], left: [] }, code: 1 }
    }

    const { clients } = await openStage(flags, { warn: terminal.warn })
    const receipt = await withLease({ clients, id: config, verb: 'destroy', signal, emit: terminal.emit }, async (lease) => {
      const plan = await planDestroy(clients, config, lease, terminal.emit)
      printOperations(terminal, plan.operations)
      return await destroy(plan, { lease, signal })
    })
    if (flags.all) await (await import('../src/access.ts')).closeCloud(config)
    terminal.end()
    printReceipt(terminal, config, receipt)
    if (receipt.failure && !terminal.json) throw receipt.failure
    const { removed, left, failure, seconds } = receipt
    const ok = left.length === 0 && !failure
    return { json: { ok, stage: config.stage, removed, left, seconds, ...(failure && { error: failure.message }) }, code: ok ? 0 : 1 }
  },
)
