// time limit: 240 s
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { engineSocket, tracesOf } from '../../../src/local/machine/dockerd/traces.ts'
import { instanceFolder } from '../../../src/local/machine/folder.ts'
import { processesOf } from '../../../src/local/machine/process-table.ts'
import { createSmallCloud, until } from '../machine/small-cloud.fixture.ts'
import { firewall, importProgram, noEngine, tracesLeft } from './engine.fixture.ts'

/** Addresses of networks that no cloud of this machine has just now: every one is the third of four. */
const address = (number: number) => `10.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}.${4 * number + 2}`

if (noEngine !== undefined) test(`machines are not tested with a real engine: ${noEngine}`, () => undefined)
else {
  const before = firewall()
  const small = createSmallCloud()
  const launch = (number: number) => small.launch({ Engine: 'docker', PrivateIpAddress: address(number) })
  const [one, two] = [launch(1), launch(2)]
  const output = async (id: string, script: string) => {
    const { Status, StandardOutputContent, StandardErrorContent } = await small.sh(id, script)
    assert.is(Status, 'Success', `${StandardOutputContent}\n${StandardErrorContent}`)
    return StandardOutputContent.trim()
  }
  test.after(() => small.end())

  test('an instance has a Docker engine of its own, and its agent registers', async () => {
    await Promise.all([small.online(one), small.online(two)])
    assert.match(await output(one, "docker version -f '{{.Server.Version}}'"), /^\d+\.\d+/)
    assert.is(await output(one, "docker info -f '{{.DockerRootDir}}'"), instanceFolder(small.cloud.folder, one).docker)
  })

  test('two instances do not see each other’s images, containers and networks', async () => {
    await output(one, `${importProgram('/bin/sleep', 'sleeper')}; docker network create own; docker run -d --name nap sleeper 1000`)
    assert.is(await output(one, "docker ps --format '{{.Names}} {{.Image}}'"), 'nap sleeper')
    assert.is(await output(two, 'docker ps -aq; docker images -q; docker network ls -q -f name=own'), '')
  })

  test('the private address is a real interface of the instance, which this machine and its containers reach', async () => {
    const link = JSON.parse(execFileSync('ip', ['-json', 'address', 'show', 'dev', tracesOf(one).link], { encoding: 'utf8' }))
    assert.is(
      link[0].addr_info[0].local,
      address(1).replace(/\d+$/, (last) => String(Number(last) - 1)),
    )
    const curl = await small.sh(one, `curl -sS -m 2 http://${address(1)}:9/`)
    assert.match(curl.StandardErrorContent, /Connection refused|Couldn't connect|Failed to connect/)
  })

  test('the packet filter of this machine stays as it was', () => assert.equal(firewall(), before))

  test('the metadata service answers in the machine’s own network, and not on a bridge', async () => {
    const curl = execFileSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).trim()
    await output(one, importProgram(curl, 'curl'))
    const ask = (network: string) =>
      `docker run --rm --network ${network} curl -sS -m 2 -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' -o /dev/null -w '%{http_code}' "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/api/token"`
    assert.is(await output(one, ask('host')), '200')
    const bridged = await small.sh(one, ask('bridge'))
    assert.is(bridged.Status, 'Failed')
    assert.match(bridged.StandardErrorContent, /\(7\)/)
  })

  test('a container may be shown all files of the machine, read-only', async () => {
    const show = 'docker run --rm --mount type=bind,src=/,dst=/host,readonly'
    await output(one, `${importProgram('/bin/ls', 'ls')}; ${show} ls -d /host${instanceFolder(small.cloud.folder, one).root}`)
    const write = await small.sh(one, `${importProgram('/bin/touch', 'touch')}; ${show} touch /host/tmp/x`)
    assert.match(write.StandardErrorContent, /Read-only file system/)
  })

  test('containers together get no more memory than the instance has, whatever each may have', async () => {
    const awk = execFileSync('sh', ['-c', 'readlink -f "$(command -v awk)"'], { encoding: 'utf8' }).trim()
    // A t3.micro has 712 MiB for containers.
    const grow = `'BEGIN { x = "0123456789abcdef"; for (;;) x = x x }'`
    await output(one, `${importProgram(awk, 'eater')}; docker run --name glutton --memory 4g eater ${grow} || true`)
    assert.is(
      await output(one, "docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' glutton; docker rm glutton"),
      'true 137\nglutton',
    )
    assert.is(await output(one, "docker ps --format '{{.Names}}'"), 'nap')
  })

  test('after a reboot the containers that restart are there again, and the others are not', async () => {
    await output(one, 'docker run -d --name stays --restart unless-stopped sleeper 1000')
    const rebooted = 'f="$MLOPS_ROOT/rebooted"; [ -e "$f" ] || { touch "$f"; exit 194; }'
    assert.is(await output(one, `${rebooted}; docker ps --format '{{.Names}}'`), 'stays')
  })

  test('an engine that ends is started again', async () => {
    const found = processesOf(one).find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'dockerd\n')
    process.kill(found!, 'SIGKILL')
    await until(() => !existsSync(`/proc/${found}`), 'dockerd has ended')
    await until(async () => (await small.sh(one, 'docker info')).Status === 'Success', 'dockerd is there again')
    assert.is(await output(one, "docker ps --format '{{.Names}}'"), 'stays')
  })

  test('what a killed machine process had goes with it, and the instance is started again with its disk', async () => {
    const file = join(instanceFolder(small.cloud.folder, two).outbox, 'process.json')
    const { pid } = JSON.parse(readFileSync(file, 'utf8'))
    const before = processesOf(two)
    await output(two, `${importProgram('/bin/sleep', 'sleeper')}; docker run -d --memory 32m sleeper 1000`)
    process.kill(pid, 'SIGKILL')
    await until(() => processesOf(two).length > 0 && !processesOf(two).some((each) => before.includes(each)), 'all of it has ended')
    // Until another one runs, the agent of the machine that died is shown as online.
    await until(() => existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).pid !== pid, 'another one runs')
    await small.online(two)
    assert.is(await output(two, 'docker ps -q'), '', 'a container without a restart policy stays as it was')
    assert.not.equal(await output(two, 'docker ps -aq'), '')
  })

  test('a cloud that is killed leaves the engines running, and the next one finds them', async () => {
    await small.restart()
    await small.online(one)
    assert.is(await output(one, "docker ps --format '{{.Names}}'"), 'stays')
  })

  test('a machine whose engine does not come up is terminated, and the reason says why', async () => {
    const third = launch(1)
    await until(() => small.instance(third).State === 'terminated', 'the third is terminated')
    const { Code, Message } = small.instance(third).StateReason!
    assert.is(Code, 'Server.InternalError')
    assert.match(Message, /^Server\.InternalError: Internal error on launch: the container engine does not come up: .*another way/)
    assert.equal(tracesLeft(third), [])
  })

  test('after its end nothing of an instance is left', async () => {
    await Promise.all([small.terminate(one), small.terminate(two)])
    assert.equal([one, two].flatMap(tracesLeft), [])
    assert.equal([engineSocket(one), instanceFolder(small.cloud.folder, one).path].filter(existsSync), [])
    assert.equal(firewall(), before)
  })
}

test.run()
