// time limit: 400 s
/** The most telling disturbances of the chaos lane; `npm run test:crash -- chaos` has them all. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Row, tryCase } from './chaos/case.ts'
import { telling } from './chaos/cases.ts'
import { commandIn } from './chaos/next-command.ts'
import { Stage } from './chaos/stage.ts'
import { heading, rowText } from './chaos/table.ts'

test('the command that a message names is found as it is to be typed', () => {
  assert.is(
    commandIn('Machine i-1 is stopped. Next: npx zx scripts/start.mjs --stage prod brings it back.'),
    'npx zx scripts/start.mjs --stage prod',
  )
  assert.is(commandIn('  next    aws ec2 start-instances --instance-ids i-1\nThe end.'), 'aws ec2 start-instances --instance-ids i-1')
  const whole =
    "AWS_SHARED_CREDENTIALS_FILE='/a b/c' aws --endpoint-url http://127.0.0.1:4780 --region us-east-1 ec2 start-instances --instance-ids i-1"
  assert.is(commandIn(`To start it: ${whole}\n`), whole)
  assert.is(commandIn('Release 1 of shop serves stage local.'), undefined)
})

test('a row is whole at 80 columns, with what was wrong below it', () => {
  const row: Row = {
    name: 'kill cloud',
    silent: 1.26,
    by: 'status',
    acknowledged: 12_345,
    lost: 2,
    problems: ['2 acknowledged records are lost'],
  }
  assert.equal(rowText(row).split('\n'), [
    '✗ kill cloud                                 1.3 s status      12345 / 12343 / 2',
    '    2 acknowledged records are lost',
  ])
  assert.is(`  ${heading()}`.length, 80)
})

test('a stage on which a process is killed, or everything, serves again and has lost nothing', async () => {
  const stage = await Stage.open(false)
  try {
    for (const one of telling) {
      const row = await tryCase(stage, one)
      console.log(rowText(row))
      assert.equal(row.problems, [], one.name)
    }
  } finally {
    stage.close()
  }
})

test.run()
