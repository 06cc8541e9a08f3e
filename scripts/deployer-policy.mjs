#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'deployer-policy',
    summary: 'Prints the IAM policy that whoever deploys a stage needs: what the scripts do, on what is of this stage, and no more.',
    common: ['stage', 'json', 'quiet', 'verbose'],
    examples: ['--stage prod', '--stage prod > policy.json'],
  },
  async ({ flags, terminal }) => {
    const { openStage, policyOfDeployer } = await import('../src/release/index.ts')

    const { config, clients } = await openStage(flags)
    const policy = await policyOfDeployer(clients, config)
    terminal.print(JSON.stringify(policy, undefined, 2))
    return { json: policy }
  },
)
