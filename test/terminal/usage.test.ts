import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { help, usageLine } from '../../src/terminal/usage.ts'

const spec = {
  name: 'logs',
  summary: 'Show what the services write.',
  arguments: '[SERVICE]',
  common: ['stage', 'quiet'],
  flags: {
    follow: { type: 'boolean', short: 'f', about: 'go on until Ctrl-C' },
    from: { type: 'string', value: 'WHERE', choices: ['machine', 'boot'], about: 'which log' },
  },
  examples: ['ml-inference --follow'],
} as const

test('the usage line names every flag of the script', () => {
  assert.is(usageLine(spec), 'Usage: npx zx scripts/logs.mjs [SERVICE] [--follow] [--from WHERE] [--stage NAME] [--quiet]')
})

test('the help tells all there is to know', () => {
  assert.is(
    help(spec),
    `Show what the services write.

Usage
  npx zx scripts/logs.mjs [SERVICE] [flags]

Flags
  -f, --follow      go on until Ctrl-C
      --from WHERE  which log (machine, boot)
      --stage NAME  the stage to work on; else MLOPS_STAGE, else local
  -q, --quiet       results and warnings only
      --no-color    no colours
  -h, --help        this help
      --version     the version of this project

Examples
  npx zx scripts/logs.mjs ml-inference --follow

Exit codes
    0  done
    1  failed
    2  a mistake in the command line or the config; nothing was changed
    3  no credentials, or no access
    4  failed, the previous release is still serving
    5  failed, nothing is serving
    6  the stage is locked
  130  interrupted`,
  )
})

test('a script with nothing special has a help as well', () => {
  assert.match(help({ name: 'plan', summary: 'Say what a deploy would do.' }), 'npx zx scripts/plan.mjs [flags]')
})

test.run()
