import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { victims, type Watched } from '../../../../src/local/machine/memory/out-of-memory.ts'
import { createSmallCloud, until } from '../small-cloud.fixture.ts'
import { nodeLayer, startTinyRegistry, type TinyRegistry } from '../tiny-registry.fixture.ts'

const small = createSmallCloud()
let registry: TinyRegistry
let hungry: string
let id: string

/** Takes as many MiB as it is told, by itself or in a process of its own, and says so. */
const eat = `const { spawn } = require('node:child_process')
const [, , mib, child] = process.argv
if (child) spawn(process.execPath, [__filename, mib], { stdio: 'inherit' })
else {
  globalThis.eaten = Array.from({ length: Number(mib) }, () => Buffer.alloc(1024 * 1024, 1))
  console.log('ate ' + mib)
}
setInterval(() => {}, 1000)
`

test.before(async () => {
  registry = await startTinyRegistry()
  const layers = [nodeLayer, { 'app/eat.js': eat }]
  hungry = await registry.push('team/hungry', { layers, config: { Env: ['PATH=/usr/local/bin'], Entrypoint: ['node', '/app/eat.js'] } })
  // 512 MiB, of which 96 are the kernel's and 200 the engine's: 216 for containers.
  id = small.launch({ InstanceType: 't3.nano' })
  await small.online(id)
})
test.after(async () => {
  await small.end()
  await registry.close()
})

async function sh(script: string): Promise<string> {
  const { StandardOutputContent, StandardErrorContent, ResponseCode } = await small.sh(id, script)
  assert.is(ResponseCode, 0, `${script}\n${StandardErrorContent}`)
  return StandardOutputContent.trim()
}
const state = (name: string) => sh(`docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' ${name}`)
const becomes = (name: string, wanted: string) => until(async () => (await state(name)) === wanted, `${name} is ${wanted}`)
const says = (name: string, text: string) =>
  until(async () => (await sh(`docker logs ${name} 2>&1`)).includes(text), `${name} says ${text}`)
const oom = (name: string) =>
  sh(`docker events --since 15m --until 0s --filter container=${name} --filter event=oom --format '{{.Action}} {{.Actor.Attributes.name}}'`)

test('a container above its own limit is killed as docker says it, and one below it lives', async () => {
  await sh(`docker run -d --name modest --memory 100m ${hungry} 20 && docker run -d --name greedy --memory 64m ${hungry} 120`)
  await becomes('greedy', 'exited 137 true')
  assert.is(await oom('greedy'), 'oom greedy')
  assert.is(await oom('modest'), '')
  assert.is(await state('modest'), 'running 0 false')
  await sh('docker rm -f greedy')
})

test('of a container with several processes, the largest is killed, and the container goes on', async () => {
  await sh(`docker run -d --name parent --memory 90m ${hungry} 150 child`)
  await becomes('parent', 'running 0 true')
  assert.is(await oom('parent'), 'oom parent')
  await sh('docker rm -f parent')
})

test('one that is started again is not called out of memory any more, and the event stays', async () => {
  await sh(`docker run -d --name again --restart unless-stopped --memory 64m ${hungry} 120`)
  await until(async () => (await oom('again')) !== '', 'it is killed')
  await until(
    async () => (await sh("docker inspect -f '{{.RestartCount}} {{.State.OOMKilled}}' again")) !== '0 true',
    'it is started again',
  )
  assert.match(await oom('again'), /^oom again/)
  await sh('docker rm -f again')
})

test('when all together have more than the instance, the largest is killed although it is within its limit', async () => {
  await sh(`docker run -d --name large --memory 500m ${hungry} 110`)
  await says('large', 'ate 110')
  await sh(`docker run -d --name small --memory 500m ${hungry} 90`)
  await becomes('large', 'exited 137 true')
  assert.is(await state('small'), 'running 0 false')
  assert.is(await state('modest'), 'running 0 false')
  await sh('docker rm -f large small')
})

test('a swap file holds what the memory does not, also after a reboot, and none is made of a file that is not marked', async () => {
  const file = '"$MLOPS_ROOT/swapfile"'
  const unmarked = await small.sh(id, `fallocate -l 300M ${file} && swapon ${file}`)
  assert.match(unmarked.StandardErrorContent, /swapfile: read swap header failed/)
  await sh(`mkswap ${file} >&2; swapon ${file}; mkdir -p "$MLOPS_ROOT/etc"; echo ${file} none swap sw 0 0 >>"$MLOPS_ROOT/etc/fstab"`)
  const more = `--memory 64m --memory-swap 364m ${hungry} 150`
  await sh(`docker run -d --name swapped --restart unless-stopped ${more} && docker run -d --name kept --restart unless-stopped ${more}`)
  await says('swapped', 'ate 150')
  await says('kept', 'ate 150')
  const reboot = 'test -f "$MLOPS_ROOT/rebooted" && exit 0; touch "$MLOPS_ROOT/rebooted"; exit 194'
  assert.is((await small.sh(id, reboot)).ResponseCode, 0)
  await until(async () => (await sh('docker logs kept')).split('ate 150').length === 3, 'it eats again after the reboot')
  // The watch looks once a second: a container without any swap that is above its limit shows that it has looked.
  await sh(`docker run -d --name greedy --memory 64m --memory-swap 64m ${hungry} 120`)
  await becomes('greedy', 'exited 137 true')
  assert.equal([await state('swapped'), await state('kept')], ['running 0 false', 'running 0 false'])
})

test('events are shown of a time that has passed and about memory only, and limits have to go together', async () => {
  const refused = async (script: string) => (await small.sh(id, script)).StandardErrorContent
  assert.match(await refused('docker events --filter event=oom'), /--until TIME only/)
  assert.match(await refused('docker events --until 0s --filter event=die'), /--filter event=oom/)
  assert.match(await refused('docker events --until soon --filter event=oom'), /failed to parse value as time or duration: "soon"/)
  assert.match(await refused(`docker run -d --memory-swap 64m ${hungry} 1`), /always set the Memory limit/)
  assert.match(await refused(`docker run -d --memory 64m --memory-swap 32m ${hungry} 1`), /larger than memory limit/)
})

test('who is ended: first what is above its own limit, else the largest of all, and nobody while there is room', () => {
  const container = (name: string, limit: number, ...bytes: number[]): Watched => {
    return { id: name, limit, processes: bytes.map((each, index) => ({ pid: Number(`${name.charCodeAt(0)}${index}`), bytes: each })) }
  }
  const pids = (containers: readonly Watched[], available: number) => victims(containers, available).map(({ id, pid }) => `${id} ${pid}`)
  const [a, b, c] = [container('a', 10, 4, 5), container('b', 10, 3, 8), container('c', 0, 30)]
  assert.equal(pids([a, b, c], 100), ['b 981'])
  assert.equal(pids([a, c], 39), [])
  assert.equal(pids([a, c], 38), ['c 990'])
  assert.equal(pids([], 0), [])
})

test.run()
