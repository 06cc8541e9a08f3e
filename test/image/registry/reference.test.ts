import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseReference } from '../../../src/image/registry/reference.ts'

const digest = `sha256:${'0'.repeat(64)}`

for (const [text, expected] of [
  ['node', ['https://registry-1.docker.io', 'library/node', 'latest', undefined]],
  ['node:24-slim', ['https://registry-1.docker.io', 'library/node', '24-slim', undefined]],
  ['grafana/grafana:12.0.0', ['https://registry-1.docker.io', 'grafana/grafana', '12.0.0', undefined]],
  ['docker.io/prom/prometheus', ['https://registry-1.docker.io', 'prom/prometheus', 'latest', undefined]],
  ['public.ecr.aws/docker/library/node:24-slim', ['https://public.ecr.aws', 'docker/library/node', '24-slim', undefined]],
  [`127.0.0.1:5000/base@${digest}`, ['http://127.0.0.1:5000', 'base', undefined, digest]],
  [`localhost/a/b:1@${digest}`, ['http://localhost', 'a/b', '1', digest]],
  ['[::1]:5000/a', ['http://[::1]:5000', 'a', 'latest', undefined]],
  ['registry.example:5000/a', ['https://registry.example:5000', 'a', 'latest', undefined]],
] as const) {
  test(`${text} is read as docker reads it`, () => {
    const { origin, repository, tag, digest } = parseReference(text)
    assert.equal([origin, repository, tag, digest], expected)
  })
}

for (const text of ['', 'Node', 'a b', 'node:', 'node@sha256:12', 'x/../y', 'host.example/']) {
  test(`"${text}" is refused`, () => assert.throws(() => parseReference(text), /is not an image reference/))
}

test.run()
