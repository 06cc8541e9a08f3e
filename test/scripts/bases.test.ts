// time limit: 300 s
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hostArchitecture } from '../../src/image/base/host.ts'
import { buildFilesImage } from '../../src/image/image.ts'
import { pushImage } from '../../src/image/registry/push.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import { document, type Ended, layProject } from '../support/project.ts'

const registry = await startDockerRegistry()

/** Puts a base with Node and this text in it under the tag that the config names. */
async function publish(text: string, cacheFolder: string): Promise<string> {
  const files = { '/etc/base': text }
  const image = await buildFilesImage({ name: 'node', base: 'host', files, architecture: hostArchitecture(), cacheFolder })
  // Its tag is moved, as public ones are.
  await pushImage(image, { registry: `http://${registry!.host}`, repository: 'team/node', tag: '24' })
  return image.digest
}

const short = (digest: string) => digest.slice('sha256:'.length, 'sha256:'.length + 12)

if (registry) {
  const project = await layProject()
  test.after(() => registry.remove())
  const cache = join(project.folder, '.mlops/cache')
  const reference = `${registry.host}/team/node:24`
  project.configure({ base: reference })
  const baseLines = ({ out }: Ended) => out.split('\n').filter((line) => line.includes(reference))
  const imageOf = async (...flags: string[]) => document(await project.run('deploy', '--json', ...flags)).images.web
  let first: string
  let image: string

  test('a base is pinned by the first release that serves on it, and later deploys ask no registry of others, also without a cache', async () => {
    first = await publish('first', cache)
    assert.match(baseLines(await project.run('plan'))[0]!, /^ +\+ base .*pinned when release 1 serves$/)
    image = await imageOf()
    await registry.stop()
    rmSync(cache, { recursive: true })
    const plan = await project.run('plan', '--detailed-exitcode')
    assert.is(plan.code, 0, plan.err)
    assert.match(baseLines(plan)[0]!, new RegExp(`${short(first)}, pinned$`))
    rmSync(cache, { recursive: true })
    assert.is(await imageOf(), image)
  })

  test('a pin stays where its tag moves, and is moved on purpose', async () => {
    await registry.start()
    const second = await publish('second', cache)
    assert.is.not(second, first)
    assert.is(await imageOf(), image)
    const plan = await project.run('plan', '--update-bases')
    assert.match(baseLines(plan)[0]!, new RegExp(`~ base .*${short(first)} → ${short(second)}, pinned when release \\d serves$`))
    const moved = await imageOf('--update-bases')
    assert.is.not(moved, image)
    await registry.stop()
    assert.is(await imageOf(), moved)
    const unreachable = await project.run('deploy', '--update-bases')
    assert.is(unreachable.code, 1, unreachable.err)
    assert.match(unreachable.err, `The base image ${reference} could not be read`)
  })
}

test.run()
