// time limit: 120 s
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bootScript } from '../../../src/local/machine/dockerd/boot-script.ts'
import { hostEnd, linkCommands } from '../../../src/local/machine/dockerd/link.ts'
import { makeRun, sweepTraces, tracesOf } from '../../../src/local/machine/dockerd/traces.ts'
import { layProject } from '../../support/project.ts'
import { noEngine } from './engine.fixture.ts'

const project = await layProject()
const deploy = (words: string[], env: NodeJS.ProcessEnv = {}) => project.start('deploy', words, { env }).ended
const requirements = new URL('../../../src/local/machine/dockerd/requirements.ts', import.meta.url).href

test('where docker is not installed, --engine docker says what is missing and how to get it, and changes nothing', async () => {
  const { code, out, err } = await deploy(['--engine', 'docker'], { PATH: join(project.folder, 'node_modules/.bin') })
  assert.equal([code, out], [1, ''])
  assert.match(err, /✖ Instances of this machine cannot have a real container engine: .+\. Nothing was changed\.\n/)
  assert.match(err, /--engine stand-in/)
  if (process.platform === 'linux') assert.match(err, /docker, .+ are not installed\..+ next {4}apt-get install docker\.io /s)
  assert.not(existsSync(project.state) && readdirSync(project.state).includes('cloud'), 'no cloud was started')
})

test('an engine that does not exist is refused, by flag and by variable', async () => {
  const flag = await deploy(['--engine', 'podman'])
  assert.is(flag.code, 2)
  assert.match(flag.err, /--engine takes stand-in, docker; got "podman"/)
  const variable = await deploy([], { MLOPS_ENGINE: 'podman' })
  assert.is(variable.code, 2)
  assert.match(variable.err, /There is no container engine "podman"\.\n.*Known: stand-in, docker\./s)
})

test('a stage on AWS has no choice of engine; a variable that is there for other stages does not matter to it', async () => {
  const { code, err } = await deploy(['--engine', 'docker', '--stage', 'prod'])
  assert.is(code, 2)
  assert.match(err, /Machines of stage prod are AWS's and always have Docker/)
  const env = { MLOPS_ENGINE: 'docker', AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }
  const plan = await project.start('plan', ['--stage', 'prod'], { env }).ended
  assert.is.not(plan.code, 2, plan.err)
})

test('a cable joins the two middle addresses of a network of four', () => {
  assert.is(hostEnd('10.192.0.2'), '10.192.0.1')
  assert.is(hostEnd('10.255.255.254'), '10.255.255.253')
  assert.throws(() => hostEnd('10.192.0.3'), /not the third address/)
  const commands = linkCommands({ link: 'ml0a', address: '10.192.0.2', pid: 7 }).map((words) => words.join(' '))
  assert.equal(commands, [
    'ip link add ml0a type veth peer name eth0 netns 7',
    'ip address add 10.192.0.1/30 dev ml0a',
    'ip link set ml0a up',
    'nsenter --net=/proc/7/ns/net ip address add 10.192.0.2/30 dev eth0',
    'nsenter --net=/proc/7/ns/net ip link set eth0 up',
  ])
})

if (noEngine === undefined) {
  test('a user who is not root is told so', () => {
    const ask = `const { engineMissing } = await import(${JSON.stringify(requirements)}); process.setuid(65534); console.log(JSON.stringify(engineMissing()))`
    const { why, next } = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', ask], { encoding: 'utf8' }))
    assert.is(why, 'only root may start a container engine with networks of its own')
    assert.match(next, /^sudo /)
  })

  test('where the kernel has only the older interface to the packet filter, the engine gets that one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'engine-'))
    try {
      const program = (name: string, text: string) => writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
      for (const name of ['iptables', 'ip6tables']) {
        program(name, 'exit 4')
        program(`${name}-legacy`, 'exit 0')
      }
      program('dockerd', 'readlink "$(command -v iptables)" "$(command -v ip6tables)"')
      const script = bootScript({ run: folder, data: join(folder, 'data'), cgroup: 'mlops-test' })
      const env = { PATH: `${folder}:${process.env.PATH}:/usr/sbin` }
      const { stdout, stderr } = spawnSync('unshare', ['--net', '--mount', '--propagation', 'slave', 'sh', '-c', script], {
        env,
        encoding: 'utf8',
      })
      assert.is(stdout, 'up\n', stderr)
      assert.is(stderr, `${join(folder, 'iptables-legacy')}\n${join(folder, 'ip6tables-legacy')}\n`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('what is left of an instance whose folder was removed by hand is swept up, and others are let be', async () => {
    const [gone, there] = [`i-0${'a'.repeat(10)}${process.pid}`, `i-0${'b'.repeat(10)}${process.pid}`]
    const run = (id: string) => tracesOf(id).run
    try {
      makeRun(gone, join(project.folder, 'no-such-folder'))
      makeRun(there, project.folder)
      await sweepTraces()
      assert.equal([existsSync(run(gone)), existsSync(run(there))], [false, true])
    } finally {
      for (const id of [gone, there]) rmSync(run(id), { recursive: true, force: true })
    }
  })
}

test.run()
