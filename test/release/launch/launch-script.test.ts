import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runScript } from '../../../src/local/machine/commands/script.ts'
import { launchScript } from '../../../src/release/launch/launch-script.ts'
import type { Launch } from '../../../src/release/launch/script-input.ts'
import { container, fullLaunch, launchOf } from './launch.fixture.ts'

const folders: string[] = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/**
 * Runs the script of a launch under the machine's `sh`, with programs of ours in place of docker and curl. They write
 * down how they were called.
 * @param programs lines of shell by program: what it does when it is called
 * @param files what lies on the machine, by path below its root
 */
function run(launch: Launch, programs: Record<string, string> = {}, files: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'launch-script-'))
  folders.push(folder)
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const defaults = { docker: '[ "$1" != logs ] || echo ready', curl: 'printf 200', sleep: '' }
  for (const [name, lines] of Object.entries({ ...defaults, ...programs })) {
    // In one write: programs run side by side.
    const record = `{ for word in ${name} "$@"; do printf '%s\\n' "$word"; done; echo; } >"$CALLS.$$"; cat "$CALLS.$$" >>"$CALLS"; rm "$CALLS.$$"`
    const runs = name === 'docker' && !lines.includes('info') ? '[ "$1" != info ] || { echo 28.2.2; exit; }' : ''
    writeFileSync(join(bin, name), `#!/bin/sh\n${record}\n${runs}\n${lines}\n`, { mode: 0o755 })
  }
  const root = join(folder, 'root')
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const { status, stdout, stderr } = spawnSync('sh', ['-c', launchScript(launch)], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH}`, MLOPS_ROOT: root, CALLS: join(folder, 'calls'), HOME: '/home/nobody' },
  })
  const read = (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : '')
  const recorded = () =>
    read('calls')
      .trimEnd()
      .split('\n\n')
      .map((call) => call.split('\n'))
  const calls = recorded()
  const docker = calls.filter(([name]) => name === 'docker')
  return { status, lines: stdout.trimEnd().split('\n'), stderr, calls, recorded, docker, read, root }
}

/** The words of the call that starts this container. */
function start({ docker }: ReturnType<typeof run>, name: string): string[] | undefined {
  return docker.find((call) => call[1] === 'run' && call[call.indexOf('--name') + 1] === name)
}

test('the script of a launch is this text', () => {
  assert.fixture(launchScript(fullLaunch), readFileSync(join(import.meta.dirname, 'launch-script.fixture.sh'), 'utf8'))
})

test('a launch that succeeds says so in its first line and nothing else', () => {
  const ran = run(fullLaunch)
  assert.equal([ran.status, ran.lines, ran.stderr], [0, ['{"ok":true,"engine":"28.2.2","identified":[]}'], ''])
  assert.equal(JSON.parse(ran.read('root/docker/config.json')), { credHelpers: { 'registry.test': 'ecr-login' } })
  assert.is(ran.read('root/prometheus/targets/web.json'), '[{"targets":["127.0.0.9:8001"]}]\n')
})

test('containers start in the order of their needs, each after those that it needs are healthy', () => {
  const ran = run(fullLaunch)
  const order = ran.calls
    .filter(([name, verb]) => name === 'curl' || verb === 'run')
    .map((call) => (call[0] === 'curl' ? call.at(-1) : call[call.indexOf('--name') + 1]))
  const [store, web] = ['http://127.0.0.9:8002/ready?full=1', 'http://127.0.0.9:8001/health']
  // In the end each is asked once more.
  assert.equal(order, ['secrets', 'data-store', store, 'web', web, web, store])
})

test('containers that do not need each other are started before either is waited for', () => {
  const ran = run(launchOf([container('one'), container('two', { port: 8002 })]))
  const verbs = ran.calls.filter(([name, verb]) => name === 'curl' || verb === 'run').map(([name]) => name)
  assert.equal(verbs, ['docker', 'docker', 'curl', 'curl', 'curl', 'curl'])
})

const prometheus = container('prometheus', { kind: 'monitoring', port: 9090, health: '/-/ready' })
const grafana = container('grafana', { kind: 'monitoring', port: 3000, health: '/api/health' })

/** Waits until the servers behind a launch have left what came of them: they outlive the script. */
async function left({ read }: ReturnType<typeof run>, name: string): Promise<string[]> {
  for (;;) {
    const text = read(`root/monitoring/${name}`)
    if (text !== '') return text.trimEnd().split('\n')
    await setTimeout(20)
  }
}

test('monitoring is fetched and started once the services are healthy, and nobody waits for it', async () => {
  const ran = run(launchOf([container('web'), prometheus]))
  assert.equal(ran.lines, ['{"ok":true,"engine":"28.2.2","identified":[]}'])
  assert.equal(await left(ran, 'prometheus'), ['{"ok":true}'])
  const shown = ran.recorded().flatMap((call) => {
    if (call[0] === 'curl') return [call.at(-1)!.replace('http://127.0.0.9:', '')]
    if (call[1] === 'pull') return [`pull ${/\/([\w-]+)@/.exec(call.at(-1)!)![1]}`]
    return call[1] === 'run' ? [`run ${call[call.indexOf('--name') + 1]}`] : []
  })
  const place = (what: string) => shown.indexOf(what)
  assert.ok(place('8001/health') < place('pull prometheus') && place('pull prometheus') < place('run prometheus'))
  // In the end the services are asked once more, and nothing else.
  assert.equal([...shown].sort(), [
    '8001/health',
    '8001/health',
    '9090/-/ready',
    'pull prometheus',
    'pull web',
    'run prometheus',
    'run web',
  ])
})

test('a server of monitoring that does not come up fails neither the launch nor the others, and leaves its last lines', async () => {
  const ran = run(launchOf([container('web'), prometheus, grafana]), {
    docker: 'case "$1" in run) case "$*" in *grafana*) exit 125;; esac;; logs) echo "tail of $4";; esac',
  })
  assert.equal([ran.status, ran.lines], [0, ['{"ok":true,"engine":"28.2.2","identified":[]}']])
  assert.equal(await left(ran, 'grafana'), ['{"ok":false,"step":"start","container":"grafana"}', 'tail of grafana'])
  assert.equal(await left(ran, 'prometheus'), ['{"ok":true}'])
})

test('an image of monitoring that cannot be pulled, and a server that stays silent, are told by the servers', async () => {
  const ran = run(launchOf([container('web'), prometheus, grafana]), {
    docker: 'case "$1" in pull) case "$*" in *grafana*) echo denied; exit 1;; esac;; inspect) echo 0;; logs) echo starting;; esac',
    curl: 'case "$*" in *9090*) echo "curl: (7) refused" >&2; exit 7;; esac; printf 200',
    // A clock on which every look takes 25 s.
    date: 'echo x >>"$CALLS.clock"; echo $(($(wc -l <"$CALLS.clock") * 25))',
  })
  assert.is(ran.status, 0)
  const [first, ...log] = await left(ran, 'grafana')
  assert.equal([first, log.includes('denied')], ['{"ok":false,"step":"pull","container":"grafana"}', true])
  assert.equal(await left(ran, 'prometheus'), [
    '{"ok":false,"step":"health","container":"prometheus"}',
    'health check: curl: (7) refused',
    'starting',
  ])
})

test('a service that ends within the window is named, with its last lines, although it answers again', () => {
  for (const changed of ['running 2 1 false', 'restarting 1 0 false']) {
    const docker = `case "$1" in
      inspect) case "$3" in *Status*) echo x >>"$CALLS.lives"; [ $(wc -l <"$CALLS.lives") = 1 ] && echo '/web running 1 0 false' || echo '/web ${changed}';; *) echo false;; esac;;
      logs) echo 'the cache is full';; events) ;;
    esac`
    const ran = run(launchOf([container('web')]), { docker })
    assert.equal([ran.status, ran.lines], [1, ['{"ok":false,"step":"ended","container":"web"}', 'the cache is full']])
  }
})

test('what was ended for its memory is told from docker\u2019s events once it runs again', () => {
  const docker = `case "$1" in
    inspect) case "$3" in *Status*) echo x >>"$CALLS.lives"; echo "/web $(wc -l <"$CALLS.lives")";; *) echo false;; esac;;
    events) echo oom;; logs) echo 'loading';;
  esac`
  const ran = run(launchOf([container('web')]), { docker })
  assert.equal(ran.lines, ['{"ok":false,"step":"memory","container":"web"}', 'loading'])
})

test('a service that gets unhealthy within the window without ending is named with what it answered', () => {
  const ran = run(launchOf([container('web')]), {
    docker: 'case "$1" in inspect) echo /web same;; logs) echo "tail of $4";; esac',
    curl: `echo x >>"$CALLS.asked"; if [ $(wc -l <"$CALLS.asked") = 1 ]; then printf 200; else printf '{"error":\n"no\tmodel"}' >"$5"; printf 500; fi`,
  })
  assert.equal(ran.lines, [
    '{"ok":false,"step":"unsteady","container":"web"}',
    'health check: HTTP 500 {"error": "no model"}',
    'tail of web',
  ])
  // One answer that fails is none that lasts.
  const once = run(launchOf([container('web')]), {
    docker: '[ "$1" != inspect ] || echo /web same',
    curl: 'echo x >>"$CALLS.asked"; if [ $(wc -l <"$CALLS.asked") = 2 ]; then exit 28; fi; printf 200',
  })
  assert.is(once.status, 0)
})

test('the services that say that they take the signal of a lame duck are written down, where they are of this launch', () => {
  const curl = `for word; do [ "$last" != -D ] || head=$word; last=$word; done
case "$last" in *8001*) id=7-abc duck=SIGUSR2;; *8002*) id=7-abcd duck=SIGUSR2;; *) id=7-abc duck=;; esac
printf 'HTTP/1.1 200 OK\\r\\nX-Release-Id: %s\\r\\nX-Lame-Duck: %s\\r\\n\\r\\n' "$id" "$duck" >"$head"; printf 200`
  const ran = run(launchOf([container('web'), container('other', { port: 8002 }), container('plain', { port: 8003 })]), { curl })
  assert.is(ran.read('root/lame-ducks'), '/web\n')
})

test('the services that answer with the identity of this launch are told, and no others', () => {
  const curl = `for word; do [ "$last" != -D ] || head=$word; last=$word; done
case "$last" in *8001*) id=7-abc;; *8002*) id=7-abcd;; *) id=;; esac
printf 'HTTP/1.1 200 OK\\r\\nX-Release-Id: %s\\r\\n\\r\\n' "$id" >"$head"; printf 200`
  const ran = run(launchOf([container('web'), container('other', { port: 8002 }), container('plain', { port: 8003 })]), { curl })
  assert.equal(JSON.parse(ran.lines[0]!), { ok: true, engine: '28.2.2', identified: ['web'] })
  assert.equal(
    start(ran, 'web')!.filter((word) => word.startsWith('mlops.release=')),
    ['mlops.release=7-abc'],
  )
})

test('values arrive as they are, however nasty', () => {
  const values = {
    QUOTES: `it's "quoted"`,
    DOLLAR: '$HOME $PATH $(touch hacked) `touch hacked`',
    LINE: 'first\nsecond',
    SLASH: 'back\\slash \\n',
    STAR: '* ? [a]',
    EMPTY: '',
    SEMICOLON: '; touch hacked & | > <',
    UNICODE: 'grüße 🚀',
    DASH: '--privileged',
    PERCENT: '100%s',
  }
  const text = `${values.QUOTES}${values.DOLLAR}${values.PERCENT}\\n`
  const ran = run(launchOf([container('web', { environment: values })], { files: { 'odd/file.json': text } }))
  assert.is(ran.status, 0)
  const words = start(ran, 'web')!.join('\n')
  for (const [name, value] of Object.entries(values)) assert.ok(words.includes(`-e\n${name}=${value}\n`), name)
  assert.is(ran.read('root/odd/file.json'), text)
  assert.is(ran.read('hacked'), '')
})

test('an image that cannot be pulled is named first, and the last 20 lines of the log follow', () => {
  const failing = `if [ "$1" = pull ]; then case "$3" in *web@*) seq 30; echo denied >&2; exit 1; esac; fi; [ "$1" != logs ] || echo ready`
  const ran = run(fullLaunch, { docker: failing })
  assert.is(ran.status, 1)
  assert.is(ran.lines[0], '{"ok":false,"step":"pull","container":"web"}')
  assert.equal(ran.lines.slice(1), [...Array.from({ length: 19 }, (_, n) => String(n + 12)), 'denied'])
  assert.is(start(ran, 'secrets'), undefined)
})

test('a container that does not get healthy is named first, and its last 20 lines follow', () => {
  const ran = run(launchOf([container('web')]), {
    docker: 'if [ "$1" = logs ]; then echo "tail of $4" >&2; fi; if [ "$1" = inspect ]; then echo 0; fi',
    curl: 'echo "curl: (7) Failed to connect" >&2; exit 7',
    // A clock on which every look takes 25 s.
    date: 'echo x >>"$CALLS.clock"; echo $(($(wc -l <"$CALLS.clock") * 25))',
  })
  assert.is(ran.status, 1)
  assert.equal(ran.lines, ['{"ok":false,"step":"health","container":"web"}', 'health check: curl: (7) Failed to connect', 'tail of web'])
  assert.equal(ran.docker.at(-1), ['docker', 'logs', '--tail', '20', 'web'])
})

test('a container that ends again and again is not waited for', () => {
  const ran = run(launchOf([container('web')]), {
    docker: 'if [ "$1" = logs ]; then echo crashed; fi; if [ "$1" = inspect ]; then echo 3; fi',
    curl: 'exit 7',
    sleep: '',
  })
  assert.equal(ran.lines, ['{"ok":false,"step":"start","container":"web"}', 'crashed'])
})

test('a container that docker refuses to start is named with its log', () => {
  const ran = run(launchOf([container('web')]), { docker: '[ "$1" != run ] || exit 125; [ "$1" != logs ] || echo "no such container"' })
  assert.equal(ran.lines, ['{"ok":false,"step":"start","container":"web"}', 'no such container'])
  assert.is(ran.calls.filter(([name]) => name === 'curl').length, 0)
})

test('secrets that do not come end the launch before a service starts', () => {
  const keeps = { sleep: '', docker: 'case "$1" in logs) echo "there is no secret at /shop/prod/secrets/API_KEY";; inspect) echo 3;; esac' }
  const ran = run(fullLaunch, keeps)
  assert.equal(ran.lines, ['{"ok":false,"step":"secrets","container":"secrets"}', 'there is no secret at /shop/prod/secrets/API_KEY'])
  assert.is(start(ran, 'web'), undefined)
  const silent = run(fullLaunch, {
    ...keeps,
    docker: '[ "$1" != inspect ] || echo 0',
    date: 'echo x >>"$CALLS.clock"; echo $(($(wc -l <"$CALLS.clock") * 25))',
  })
  assert.is(silent.lines[0], '{"ok":false,"step":"secrets","container":"secrets"}')
})

test('docker is waited for, and a machine on which it does not come up says so', () => {
  const slow = run(launchOf([container('web')]), {
    sleep: '',
    // Silent and successful, as some versions are while the engine does not run.
    docker: '[ "$1" != info ] || { echo x >>"$CALLS.infos"; [ $(wc -l <"$CALLS.infos") -le 3 ] || echo 28.2.2; }',
  })
  assert.equal(slow.lines, ['{"ok":true,"engine":"28.2.2","identified":[]}'])
  const never = run(launchOf([container('web')]), {
    docker: '[ "$1" != info ] || { echo "cannot connect" >&2; exit 1; }',
    sleep: '',
    date: 'echo x >>"$CALLS.clock"; echo $(($(wc -l <"$CALLS.clock") * 200))',
  })
  assert.is(never.lines[0], '{"ok":false,"step":"docker","container":""}')
  assert.is(never.lines.at(-1), 'cannot connect')
})

test('a first boot that has failed is not waited for, and the end of its log is shown', () => {
  const log = Array.from({ length: 30 }, (_, line) => `mirror ${line} failed`)
  const files = { boot: '1\n', 'var/log/cloud-init-output.log': log.join('\n') }
  const ran = run(launchOf([container('web')]), { docker: '[ "$1" != info ] || exit 127' }, files)
  assert.equal(ran.lines.slice(0, 1), ['{"ok":false,"step":"docker","container":""}'])
  assert.equal(ran.lines.slice(-21), [`the end of ${ran.root}/var/log/cloud-init-output.log:`, ...log.slice(-20)])
})

test('the agent does not wait for a slow pull behind a launch that has failed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'launch-agent-'))
  folders.push(folder)
  const docker = `#!/bin/sh
case "$1 $*" in
  info*) echo 28.2.2;;
  pull*web@*) exit 1;;
  pull*) echo $$ >"$MLOPS_ROOT/slow"; exec sleep 600;;
esac
`
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin/docker'), docker, { mode: 0o755 })
  const script = launchScript(launchOf([container('web'), container('store')]))
  const environment = { PATH: `${folder}/bin:${process.env.PATH}`, MLOPS_ROOT: folder }
  const { ended, kill } = runScript(script, join(folder, 'command'), folder, environment, 120)
  try {
    const { code, killed, stdout } = await ended
    assert.equal([code, killed], [1, undefined])
    assert.is(stdout.split('\n')[0], '{"ok":false,"step":"pull","container":"web"}')
    const slow = Number(readFileSync(join(folder, 'slow'), 'utf8'))
    assert.is(process.kill(slow, 0), true, 'the other pull goes on')
    if (!existsSync('/proc/self/fd')) return
    const streams = ['0', '1', '2'].map((fd) => readlinkSync(`/proc/${slow}/fd/${fd}`))
    assert.equal(streams, ['/dev/null', join(folder, 'launch.log'), join(folder, 'launch.log')])
  } finally {
    kill('cancel')
  }
})

test('any other command that fails ends the launch with the log', () => {
  const ran = run(launchOf([container('web')]), { docker: 'case "$1" in network) echo "no networks left" >&2; exit 1;; esac' })
  assert.is(ran.status, 1)
  assert.is(ran.lines[0], '{"ok":false,"step":"script","container":""}')
  assert.is(ran.lines.at(-1), 'no networks left')
})

test('containers that need each other are a bug that is refused', () => {
  const circle = launchOf([container('one', { needs: ['two'] }), container('two', { needs: ['one'] })])
  assert.throws(() => launchScript(circle), 'containers need each other: one, two')
})

test.run()
