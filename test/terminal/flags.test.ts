import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exit, Failure } from '../../src/report/failure.ts'
import { allFlags, asksFor, type FlagSpecs, parseFlags } from '../../src/terminal/flags.ts'

const specs: FlagSpecs = allFlags({
  all: { type: 'boolean' },
  engine: { type: 'string', choices: ['stand-in', 'docker'] },
  env: { type: 'string', value: 'NAME=VALUE', multiple: true },
})

function refused(words: string[], positionals?: string): string {
  try {
    parseFlags(words, specs, positionals)
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, exit.usage)
    return (error as Failure).message
  }
  return 'accepted'
}

test('flags come by their camel-case names, with false, undefined and an empty list for what was not given', () => {
  assert.equal(parseFlags([], specs).flags, {
    all: false,
    engine: undefined,
    env: [],
    stage: undefined,
    yes: false,
    json: false,
    dryRun: false,
    quiet: false,
    verbose: false,
    noColor: false,
    help: false,
    version: false,
  })
})

test('long, short, grouped and inline forms are read, and arguments beside them', () => {
  const { flags, positionals } = parseFlags(
    ['-yv', '--stage=prod', 'a', '--env', 'X=1', '--dry-run', '--env', 'Y=-2', '--', '--b'],
    specs,
    '[WORD...]',
  )
  assert.equal([flags.yes, flags.verbose, flags.stage, flags.dryRun, flags.env], [true, true, 'prod', true, ['X=1', 'Y=-2']])
  assert.equal(positionals, ['a', '--b'])
})

test('an unknown flag is refused, with the near one named', () => {
  assert.is(refused(['--stgae', 'prod']), 'unknown flag --stgae. Did you mean --stage?')
  assert.is(refused(['--something-else']), 'unknown flag --something-else.')
  assert.is(refused(['-x']), 'unknown flag -x.')
  assert.is(refused(['--constructor']), 'unknown flag --constructor.')
})

test('a value that is missing, wrong or too many is refused', () => {
  assert.is(refused(['--stage']), '--stage needs a value: --stage NAME.')
  assert.is(refused(['--stage', '--yes']), '--stage needs a value: --stage NAME.')
  assert.is(refused(['--stage=']), '--stage needs a value: --stage NAME.')
  assert.is(refused(['--engine', 'dokcer']), '--engine takes stand-in, docker; got "dokcer". Did you mean docker?')
  assert.is(refused(['--engine', 'x']), '--engine takes stand-in, docker; got "x".')
  assert.is(refused(['--yes=no']), '--yes takes no value, got "no".')
})

test('arguments are counted against what the script takes', () => {
  assert.is(refused(['a']), 'unexpected argument "a".')
  assert.is(refused(['a', 'b'], '[SERVICE]'), 'unexpected argument "b".')
  assert.is(refused([], 'SERVICE [PORT]'), 'SERVICE is missing.')
  assert.is(refused(['a', '1'], 'SERVICE [PORT]'), 'accepted')
  assert.is(refused(['--help'], 'SERVICE'), 'accepted')
})

test('a script can leave out common flags and replace one, but keeps help, version and no-color', () => {
  assert.equal(Object.keys(allFlags({ json: { type: 'string' } }, ['stage', 'json'])), ['json', 'stage', 'no-color', 'help', 'version'])
  assert.is(allFlags({ json: { type: 'string' } }, ['json']).json?.type, 'string')
})

test('help is asked for wherever it stands before --', () => {
  assert.is(asksFor(['--stgae', '-h'], 'help'), true)
  assert.is(asksFor(['--', '--help'], 'help'), false)
  assert.is(asksFor(['--version'], 'version'), true)
  assert.is(asksFor(['-h'], 'version'), false)
})

test.run()
