import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../../src/report/failure.ts'
import { resolveUrl } from './address.ts'
import { readOptions } from './options.ts'

test('without a word both services get a thousand cases', () => {
  const { urls, numbers, seed, memoryMiB, trusted } = readOptions([])
  assert.equal([urls, numbers.length, seed, memoryMiB, trusted], [[], 1000, 1, 256, false])
})

test('one case alone is made again by its number and its seed', () => {
  const { numbers, seed } = readOptions(['--url', 'http://127.0.0.1:8001', '--seed', '3', '--case', '116'])
  assert.equal([numbers, seed], [[116], 3])
})

for (const words of [['--cases', '-1'], ['--cases', '1e3'], ['--seed', 'x'], ['--memory-mib', ''], ['--strange']])
  test(`${words.join(' ')} is refused`, () =>
    assert.throws(
      () => readOptions(words),
      (error: Failure) => error.code === 2,
    ))

for (const url of ['http://127.0.0.1:8001', 'http://127.0.0.2:8001', 'http://10.1.2.3:80', 'http://[::1]:8001', 'http://192.168.0.7:9'])
  test(`${url} may be attacked`, async () => assert.is(await resolveUrl(url, false), url))

const strangers = [
  'http://8.8.8.8:80',
  'http://169.254.169.254:80',
  'http://[2001:db8::1]:80',
  'http://[::ffff:8.8.8.8]:80',
  'http://172.32.0.1:1',
]
for (const url of strangers)
  test(`${url} may not, unless somebody says that it is theirs`, async () => {
    const refused = await resolveUrl(url, false).catch((error: Failure) => error)
    assert.instance(refused, Failure)
    assert.match((refused as Failure).message, /Nothing was sent/)
    assert.match((refused as Failure).details.next!, /--i-own-this-address/)
    assert.type(await resolveUrl(url, true), 'string')
  })

for (const url of ['https://127.0.0.1', 'http://127.0.0.1/path', 'http://user@127.0.0.1', 'nothing', 'file:///etc'])
  test(`${url} is no address of a service`, async () => {
    assert.is(((await resolveUrl(url, true).catch((error: Failure) => error)) as Failure).code, 2)
  })

test.run()
