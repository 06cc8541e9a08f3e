import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ApiError } from '../../../src/local/cloud.ts'
import { inServiceTerms } from '../../../src/local/protocol/error-codes.ts'
import { parseJson, renderJson } from '../../../src/local/protocol/json.ts'
import type { ServiceModel } from '../../../src/local/protocol/model.ts'
import { parseQuery } from '../../../src/local/protocol/query.ts'
import { renderAnswer, renderError } from '../../../src/local/protocol/xml.ts'

const service: ServiceModel = {
  version: '1',
  namespace: 'urn:test',
  operations: { Paint: { input: 'Picture', output: 'Picture' }, Wipe: { input: 'unit', output: 'unit' } },
  shapes: {
    Picture: {
      members: { Name: 'Name name string!', Size: 'Size size number', When: 'When when timestamp', Spots: 'Spot spotSet SpotList' },
    },
    Spot: { members: { Colour: 'Colour colour string', Wet: 'Wet wet boolean' } },
    SpotList: { item: '- item Spot' },
  },
}
const parse = (text: string) => parseQuery(service, 'Paint', new URLSearchParams(text))

test('a form becomes an input with the names and types of the model, whatever the order of its parts', () => {
  assert.equal(parse('Action=Paint&Spot.10.Colour=red&Spot.2.Colour=blue&Spot.2.Wet=true&Name=a%26b&Size=1.5&When=2025-01-01T00:00:00Z'), {
    Name: 'a&b',
    Size: 1.5,
    When: new Date('2025-01-01'),
    Spots: [{ Colour: 'blue', Wet: true }, { Colour: 'red' }],
  })
  assert.equal(parse('Name=a&Spot='), { Name: 'a', Spots: [] })
  assert.equal(parseQuery(service, 'Wipe', new URLSearchParams('Action=Wipe')), {})
  assert.throws(() => parse('Name=a&When=soon'), /must be a timestamp/)
  assert.throws(() => parse('Name=a&Spot=x'), /must be numbered/)
})

test('an answer has the wire names of its dialect, and text that would break XML is escaped', () => {
  const output = { Name: 'a<b>&"\u0001', When: new Date(0), Spots: [{ Wet: false }], Size: undefined }
  const inner =
    '<name>a&lt;b&gt;&amp;&quot;\ufffd</name><when>1970-01-01T00:00:00.000Z</when><spotSet><item><wet>false</wet></item></spotSet>'
  assert.is(
    renderAnswer(service, { action: 'Paint', dialect: 'ec2', requestId: 'id', output }),
    `<?xml version="1.0" encoding="UTF-8"?>\n<PaintResponse xmlns="urn:test"><requestId>id</requestId>${inner}</PaintResponse>\n`,
  )
  assert.is(
    renderAnswer(service, { action: 'Paint', dialect: 'query', requestId: 'id', output }),
    `<?xml version="1.0" encoding="UTF-8"?>\n<PaintResponse xmlns="urn:test"><PaintResult>${inner}</PaintResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></PaintResponse>\n`,
  )
  assert.match(renderAnswer(service, { action: 'Wipe', dialect: 'ec2', requestId: 'id', output: undefined }), /<return>true<\/return>/)
  assert.throws(
    () => renderAnswer(service, { action: 'Paint', dialect: 'ec2', requestId: 'id', output: { Nmae: 'x' } }),
    /Picture has no member Nmae/,
  )
})

test('an error says whose fault it is', () => {
  assert.match(renderError('query', new ApiError('X', 'm', 404), 'id'), /<Type>Sender<\/Type><Code>X<\/Code>/)
  assert.match(renderError('query', new ApiError('X', 'm', 500), 'id'), /<Type>Receiver<\/Type>/)
  assert.match(
    renderError('ec2', new ApiError('X', '<m>', 400), 'id'),
    /<Message>&lt;m&gt;<\/Message><\/Error><\/Errors><RequestID>id<\/RequestID>/,
  )
})

test('JSON has dates in seconds, and a body must be an object', () => {
  assert.is(renderJson({ a: [new Date(1500)], b: null, c: undefined }), '{"a":[1.5],"b":null}')
  assert.is(renderJson(undefined), '{}')
  assert.equal(parseJson(Buffer.alloc(0)), {})
  for (const text of ['[]', 'null', '{', '1']) assert.throws(() => parseJson(Buffer.from(text)), /not a JSON object/)
})

test('a refusal without a word of its own stays as it is', () => {
  const error = new ApiError('InvalidVpcID.NotFound', 'm')
  assert.is(inServiceTerms(error, { service: 'ec2', protocol: 'ec2' }), error)
  assert.is(inServiceTerms(new ApiError('AccessDenied', 'm', 403), { service: 'iam', protocol: 'query' }).code, 'AccessDenied')
})

test.run()
