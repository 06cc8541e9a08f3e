import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderTable } from '../../../src/terminal/text/table.ts'

const rows = [
  { service: 'ml-inference', port: 8001, url: 'http://127.0.0.1:8001', note: undefined },
  { service: 'data-ingestion', port: 80, url: 'http://127.0.0.1:80' },
]

test('columns are aligned, numbers stand right, and a column with nothing in it is left out', () => {
  assert.is(
    renderTable(rows, ['service', 'port', { key: 'url', title: 'Where' }, 'note']),
    ['SERVICE         PORT  Where', 'ml-inference    8001  http://127.0.0.1:8001', 'data-ingestion    80  http://127.0.0.1:80'].join('\n'),
  )
})

test('a narrow screen cuts the widest columns of text and never a number', () => {
  assert.is(
    renderTable(rows, ['service', 'port', 'url'], { width: 30 }),
    ['SERVICE      PORT  URL', 'ml-inferen…  8001  http://127…', 'data-inges…    80  http://127…'].join('\n'),
  )
})

test('a screen too narrow for anything still shows eight columns of each text', () => {
  assert.is(
    renderTable(rows, ['service', 'url'], { width: 5, ellipsis: '...' }),
    ['SERVICE   URL', 'ml-in...  http:...', 'data-...  http:...'].join('\n'),
  )
})

test('no rows leave the header, which can be painted', () => {
  assert.is(renderTable([], ['service', 'port'], { header: (text) => `[${text}]` }), '[SERVICE  PORT]')
})

test('alignment can be said, and a cell cannot break the line', () => {
  assert.is(renderTable([{ a: 'x\ny', b: true }], [{ key: 'a' }, { key: 'b', align: 'right', title: 'is it' }]), 'A    is it\nx y   true')
})

test.run()
