import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hosts, locate, translate, translateList, type View } from '../../../../../src/local/machine/docker/containers/path-map.ts'
import { inside } from '../../../../../src/local/machine/docker/images/jail.ts'

const rootfs = mkdtempSync(join(tmpdir(), 'rootfs-'))
mkdirSync(join(rootfs, 'etc/app'), { recursive: true })
mkdirSync(join(rootfs, 'usr/bin'), { recursive: true })
writeFileSync(join(rootfs, 'etc/app/app.conf'), '')
symlinkSync('/usr/bin', join(rootfs, 'bin'))
symlinkSync('../../../../../etc', join(rootfs, 'usr/out'))
symlinkSync('loop', join(rootfs, 'loop'))
test.after(() => rmSync(rootfs, { recursive: true, force: true }))

const view: View = {
  mappings: [
    { target: '/data', source: '/disk/volume' },
    { target: '/data/hot', source: '/disk/hot' },
  ],
  rootfs,
  address: '127.128.0.9',
  names: ['api', 'data.base'],
}

test('links of an image never lead out of it', () => {
  assert.is(inside(rootfs, '/bin/sh'), join(rootfs, 'usr/bin/sh'))
  assert.is(inside(rootfs, '/usr/out/passwd'), join(rootfs, 'etc/passwd'))
  assert.is(inside(rootfs, '/../../../etc/app'), join(rootfs, 'etc/app'))
  assert.throws(() => inside(rootfs, '/loop'), /too many symbolic links/)
})

test('the longest mount decides where a path lies', () => {
  assert.is(locate('/data/x', view), '/disk/volume/x')
  assert.is(locate('/data/hot/x', view), '/disk/hot/x')
  assert.is(locate('/data', view), '/disk/volume')
  assert.is(locate('/database', view), undefined)
  assert.is(locate('/data/../etc/app/app.conf', view), join(rootfs, 'etc/app/app.conf'))
})

test('paths that the container has are translated, alone and after the first equals sign', () => {
  assert.is(translate('/etc/app/app.conf', view), join(rootfs, 'etc/app/app.conf'))
  assert.is(translate('--config=/etc/app/app.conf', view), `--config=${join(rootfs, 'etc/app/app.conf')}`)
  assert.is(translate('/etc/app/new.conf', view), join(rootfs, 'etc/app/new.conf'), 'a file to be written lies in its folder')
})

test('what is no path of the container is left alone', () => {
  for (const text of ['/health', '/api/v1/query', 'a b /etc/app', 'SELECT a=/etc/app', '', '--route=/health', 'http://x/etc/app'])
    assert.is(translate(text, view), text)
})

test('0.0.0.0 and the names of neighbours mean the instance', () => {
  assert.is(translate('--web.listen-address=0.0.0.0:9090', view), '--web.listen-address=127.128.0.9:9090')
  assert.is(hosts('10.0.0.0.1 0.0.0.0', view), '10.0.0.0.1 127.128.0.9')
  assert.is(
    hosts('http://api:80/api:x my-api:80 data.base:5 dataXbase:5', view),
    'http://127.128.0.9:80/api:x my-api:80 127.128.0.9:5 dataXbase:5',
  )
})

test('of a list of paths those remain that the image has', () => {
  assert.equal(translateList('/usr/local/bin:/usr/bin:/bin:relative', view), [join(rootfs, 'usr/bin'), join(rootfs, 'usr/bin')])
})

test.run()
