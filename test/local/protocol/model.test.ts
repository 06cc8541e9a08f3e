import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ec2 } from '../../../src/local/ec2/service.ts'
import { iam } from '../../../src/local/iam/service.ts'
import { sts } from '../../../src/local/iam/sts.ts'
import { generate } from '../../../src/local/protocol/generate.ts'
import { model } from '../../../src/local/protocol/model.ts'

test('the wire shapes are those of the SDK that is installed', async () => {
  const file = path.join(import.meta.dirname, '../../../src/local/protocol/model.json')
  const fresh = `${JSON.stringify(await generate(), null, 2)}\n`
  assert.ok(readFileSync(file, 'utf8') === fresh, 'model.json is out of date: run node src/local/protocol/generate.ts')
})

test('every action that has a shape has a handler, and the other way round', () => {
  for (const [name, service] of Object.entries({ ec2, iam, sts })) {
    assert.equal(Object.keys(service).sort(), Object.keys(model[name]?.operations ?? {}).sort(), name)
  }
})

test.run()
