import { connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from './child.fixture.ts'
import { talk } from './talk.fixture.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length

async function running(work: (child: Child) => Promise<void>): Promise<void> {
  const child = await startChild(entry)
  try {
    await work(child)
  } finally {
    await stopChild(child)
  }
}

test('requests that come at once are answered one after the other, in their order, and the connection stays', () =>
  running(async (child) => {
    const paths = ['/items/1', '/slow?ms=50', '/items/2', '/nothing-there', '/items/3']
    const text = await talk(child.port, paths.map(get).join(''), (socket, got) => {
      if (count(got, /HTTP\/1\.1 \d/g) === paths.length) socket.end()
    })
    assert.equal(text.match(/HTTP\/1\.1 \d+|"id":"\d"/g), [
      'HTTP/1.1 200',
      '"id":"1"',
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      '"id":"2"',
      'HTTP/1.1 404',
      'HTTP/1.1 200',
      '"id":"3"',
    ])
    assert.not.match(text, /connection: close/i)
  }))

test('the second of two is not begun before the first is answered', () =>
  running(async (child) => {
    let begun = 0
    await talk(child.port, get('/slow?ms=300') + get('/slow?ms=1'), (socket, got) => {
      if (count(got, /HTTP\/1\.1 200/g) === 1) begun ||= count(child.output(), /slow request begun/g)
      if (count(got, /HTTP\/1\.1 200/g) === 2) socket.end()
    })
    assert.is(begun, 1)
  }))

test('of thousands the first are answered, the last of them says that the connection closes, and others are answered meanwhile', () =>
  running(async (child) => {
    const flood = talk(child.port, get('/metrics').repeat(3000))
    assert.is((await fetch(`${child.address}/health`)).status, 200)
    const text = await flood
    assert.is(count(text, /HTTP\/1\.1 200/g), 17)
    assert.is(count(text, /connection: close/gi), 1)
    assert.is((await fetch(`${child.address}/health`)).status, 200)
  }))

test('what waits for its turn goes with its connection', () =>
  running(async (child) => {
    const socket = connect(child.port, '127.0.0.1')
    socket.write(get('/slow?ms=100') + get('/slow?ms=1').repeat(10))
    while (!child.output().includes('slow request begun')) await new Promise((resolve) => setTimeout(resolve, 5))
    socket.destroy()
    await (await fetch(`${child.address}/slow?ms=200`)).text()
    // One that had begun, and the one just asked for.
    assert.is(count(child.output(), /slow request begun/g), 2)
  }))

test.run()
