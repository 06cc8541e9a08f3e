import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild } from './child.fixture.ts'
import { talk } from './talk.fixture.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`

test('every answer carries the id of the release, also those to what is no request', async () => {
  const trial = await startChild(entry, { RELEASE_ID: 'r42:3f9a/b+c=' })
  try {
    for (const path of ['/health', '/ready', '/metrics', '/items/1', '/nowhere', '/%zz', '/teapot', '/broken', '/nothing', '/stream']) {
      const response = await fetch(`${trial.address}${path}`)
      await response.arrayBuffer()
      assert.is(response.headers.get('x-release-id'), 'r42:3f9a/b+c=', path)
    }
    const wrongMethod = await fetch(`${trial.address}/echo`)
    assert.equal([wrongMethod.status, wrongMethod.headers.get('x-release-id')], [405, 'r42:3f9a/b+c='])
    assert.match(await talk(trial.port, 'nonsense\r\n\r\n'), '\r\nx-release-id: r42:3f9a/b+c=\r\n')
    assert.match(await talk(trial.port, 'GET / HTTP/1.1\r\n\r\n'), '\r\nx-release-id: r42:3f9a/b+c=\r\n')
  } finally {
    await stopChild(trial)
  }
})

test('a service that is told no release shows none', async () => {
  const trial = await startChild(entry, { RELEASE_ID: '' })
  try {
    assert.is((await fetch(`${trial.address}/health`)).headers.get('x-release-id'), null)
  } finally {
    await stopChild(trial)
  }
})

test('a release that could not stand in a header keeps the service from starting, with a sentence', async () => {
  for (const id of ['one\r\nset-cookie: a=b', 'of spaces', 'ü', 'x'.repeat(201)]) {
    const trial = await startChild(entry, { RELEASE_ID: id })
    assert.is(await trial.end, 1)
    assert.match(trial.output(), 'expected 1 to 200 visible characters of plain ASCII')
  }
})

test.run()
