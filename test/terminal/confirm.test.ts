import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exit, Failure } from '../../src/report/failure.ts'
import { ask } from '../../src/terminal/confirm.ts'
import { keyboard, Screen } from '../support/screen.ts'

async function answered(typed: string, phrase?: string): Promise<{ yes: boolean; shown: string }> {
  const input = keyboard()
  const output = new Screen()
  input.end(typed)
  return { yes: await ask('Remove all of prod?', { input, output }, phrase), shown: output.written }
}

test('only y and yes are a yes', async () => {
  assert.equal(await answered('y\n'), { yes: true, shown: 'Remove all of prod? [y/N] ' })
  assert.is((await answered('YES\n')).yes, true)
  assert.is((await answered('yep\n')).yes, false)
  assert.is((await answered('\n')).yes, false)
})

test('with a phrase only the phrase is a yes', async () => {
  assert.equal(await answered('prod\n', 'prod'), { yes: true, shown: 'Remove all of prod?\nType prod to go on: ' })
  assert.is((await answered('y\n', 'prod')).yes, false)
})

test('the end of the input is a no', async () => {
  assert.is((await answered('')).yes, false)
})

test('where nobody can answer it fails instead of hanging', async () => {
  for (const [input, output] of [[keyboard(false), new Screen()] as const, [keyboard(), new Screen({ isTTY: false })] as const]) {
    try {
      await ask('Go on?', { input, output })
      assert.unreachable()
    } catch (error) {
      assert.instance(error, Failure)
      assert.is((error as Failure).message, 'This needs an answer, and there is no terminal to ask on: Go on?')
      assert.is((error as Failure).code, exit.usage)
      assert.is(output.written, '')
    }
  }
})

test('an abort ends an open question with its reason, and one from before asks nothing of anybody', async () => {
  const controller = new AbortController()
  const output = new Screen()
  const question = ask('Go on?', { input: keyboard(), output, signal: controller.signal })
  controller.abort(new Error('stop'))
  for (const asked of [question, ask('Go on?', { input: keyboard(), output, signal: controller.signal })]) {
    const error = await asked.catch((reason: unknown) => reason)
    assert.is((error as Error).message, 'stop')
  }
})

test.run()
