import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { processesOf } from '../../../../src/local/machine/process-table.ts'
import { createSmallCloud, until } from '../small-cloud.fixture.ts'
import { nodeLayer, startTinyRegistry, type TinyRegistry, webImage } from '../tiny-registry.fixture.ts'

const small = createSmallCloud()
let registry: TinyRegistry
let id: string
let web: string
let tool: string

test.before(async () => {
  registry = await startTinyRegistry()
  web = await registry.push('team/web', webImage)
  tool = await registry.push('team/tool', {
    layers: [
      nodeLayer,
      { 'app/old.txt': 'old', 'app/both/low.txt': 'low', 'bin/abs': '->/app/old.txt' },
      { 'app/.wh.old.txt': '', 'app/new.txt': 'new', 'app/both/high.txt': 'high', 'app/hard.txt': '=>app/new.txt' },
    ],
    gzip: true,
    config: { Env: ['PATH=/usr/local/bin'], Entrypoint: ['node'], Labels: { made: 'here' } },
  })
  id = small.launch()
  await small.online(id)
})
test.after(async () => {
  await small.end()
  await registry.close()
})

/** Runs a script on the instance; its exit code and output. */
async function sh(script: string): Promise<{ code: number; out: string; err: string }> {
  const result = await small.sh(id, script)
  return {
    code: result.ResponseCode,
    out: result.StandardOutputContent,
    err: result.StandardErrorContent.replace(/failed to run commands.*$/, ''),
  }
}

async function ask(path = '/', port = 8001) {
  const answer = await fetch(`http://${small.instance(id).PrivateIpAddress}:${port}${path}`)
  return answer.json() as Promise<{ env: Record<string, string>; argv: string[]; cwd: string; pid: number }>
}

test('an image is pulled by digest, once, and said so in docker’s words', async () => {
  const first = await sh(`docker pull ${web}`)
  assert.is(first.code, 0, first.err)
  assert.match(first.out, /Pull complete\n/)
  assert.match(first.out, new RegExp(`Status: Downloaded newer image for ${web}\n${web}\n$`))
  const asked = registry.asked.length
  assert.match((await sh(`docker pull ${web}`)).out, /Status: Image is up to date/)
  assert.is(registry.asked.length, asked)
  assert.is((await sh(`docker pull -q ${web}`)).out, `${web}\n`)
})

test('two pulls at once share a layer', async () => {
  const both = await sh(`docker pull -q ${tool} & docker pull -q ${tool} & wait`)
  assert.is(both.code, 0, both.err)
  const blobs = registry.asked.filter((path) => path.includes('/team/tool/blobs/'))
  // The first layer is the web image's one, gzipped here, and known by its content.
  assert.is(new Set(blobs).size, 3, 'two layers and the config')
  assert.ok(blobs.length <= 4, 'only the config may come twice')
})

test('layers are laid over each other, with whiteouts, hard links and links that stay inside', async () => {
  const script =
    'const fs = require("fs"); const list = (path) => fs.readdirSync(path).sort().join(); const [, root] = process.argv; console.log(list(root), list(root + "/both"), fs.readFileSync(root + "/hard.txt", "utf8"))'
  const { out, err } = await sh(`docker run --rm ${tool} -e '${script}' /app`)
  assert.is(out, 'both,hard.txt,new.txt high.txt,low.txt new\n', err)
})

test('a service runs with its paths, its address and its environment translated', async () => {
  const { out, err, code } = await sh(`docker network create mlops && docker volume create data &&
    docker run -d --name web --network mlops --restart unless-stopped --user 1000:1000 --read-only --tmpfs /tmp --mount type=volume,source=data,target=/data \\
      --cap-drop ALL --security-opt no-new-privileges --memory 256m --pids-limit 100 --log-opt max-size=1m --log-opt max-file=2 \\
      -p 8001:8001 -e GREETING=hello --label mlops:service=web ${web} --config=/etc/app.conf --route /health /tmp/x`)
  assert.is(code, 0, err)
  assert.match(out.trim().split('\n').at(-1)!, /^[0-9a-f]{64}$/)
  await until(() => ask().catch(() => undefined), 'the service answers')
  const seen = await ask()
  assert.is(seen.env.HOST, small.instance(id).PrivateIpAddress)
  assert.is(seen.env.GREETING, 'hello')
  assert.match(seen.env.HOSTNAME!, /^[0-9a-f]{12}$/)
  assert.is(readFileSync(join(seen.env.DATA_DIR!, 'seed.txt'), 'utf8'), 'seed', 'a fresh volume gets the content of the image')
  assert.match(seen.argv[0]!, /^--config=.*\/rootfs\/etc\/app\.conf$/)
  assert.equal(seen.argv.slice(1, 3), ['--route', '/health'], 'a route is no path of the image')
  assert.match(seen.argv[3]!, /\/tmpfs\/_tmp\/x$/)
  assert.not.ok('AWS_EC2_METADATA_SERVICE_ENDPOINT' in seen.env, 'the instance’s credentials are out of a container’s reach')
})

test('localhost on the instance is the instance, for curl', async () => {
  const { out, err } = await sh('curl -fsS http://127.0.0.1:8001/health; curl -fsS http://localhost:8001/health')
  assert.match(out, /"GREETING":"hello"/, err)
})

test('ps, inspect and logs show it as docker does', async () => {
  assert.is((await sh("docker ps --format '{{.Names}} {{.State}} {{.Ports}}'")).out, 'web running 0.0.0.0:8001->8001/tcp\n')
  assert.is((await sh('docker ps -q --filter label=mlops:service=web | wc -c')).out.trim(), '13')
  assert.is((await sh('docker ps -aq --filter label=mlops:service=other')).out, '')
  assert.is((await sh("docker ps -a --filter name=web --format '{{json .}}'")).out.split('\n').length, 2)
  assert.match((await sh('docker ps')).out, /^CONTAINER ID .*NAMES\n/)
  const format =
    '{{.State.Running}} {{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.RestartCount}} {{.Config.Image}} {{index .Config.Labels "mlops:service"}}'
  assert.is((await sh(`docker inspect -f '${format}' web`)).out, `true running 0 false 0 ${web} web\n`)
  const [info] = JSON.parse((await sh('docker inspect web')).out)
  assert.is(info.HostConfig.Memory, 256 * 1024 * 1024)
  assert.is(info.HostConfig.ReadonlyRootfs, true)
  assert.is(JSON.parse((await sh("docker inspect --format '{{json .State}}' web")).out).Status, 'running')
  const { out, err } = await sh('docker logs web')
  assert.match(out, /^listening on/)
  assert.match(err, /^started with/)
  assert.is((await sh('docker logs --tail 0 web')).out, '')
})

test('a port that is in use is refused as docker does, and the container stays created', async () => {
  const { code, err } = await sh(`docker run -d --name second -p 8001:8001 ${web}`)
  assert.is(code, 125)
  assert.match(err, /Bind for 0\.0\.0\.0:8001 failed: port is already allocated/)
  assert.is((await sh("docker inspect -f '{{.State.Status}}' second")).out, 'created\n')
  assert.is((await sh('docker rm second')).out, 'second\n')
})

test('a name that is in use is refused', async () => {
  const { code, err } = await sh(`docker run -d --name web ${web}`)
  assert.is(code, 125)
  assert.match(err, /The container name "\/web" is already in use/)
})

test('a container that ends is started again, with a count', async () => {
  await fetch(`http://${small.instance(id).PrivateIpAddress}:8001/exit`).catch(() => undefined)
  await until(async () => (await sh("docker inspect -f '{{.RestartCount}} {{.State.Status}}' web")).out === '1 running\n', 'it runs again')
  await until(() => ask().catch(() => undefined), 'it answers again')
})

test('containers come back when the machine restarts', async () => {
  const before = await ask()
  const again = 'test -f "$MLOPS_ROOT/rebooted" && exit 0; touch "$MLOPS_ROOT/rebooted"; exit 194'
  assert.is((await sh(again)).code, 0)
  await until(() => ask().catch(() => undefined), 'it answers again')
  assert.is.not((await ask()).pid, before.pid)
})

test('containers come back when the instance is rebooted', async () => {
  const before = await ask()
  small.cloud.machines.reboot(id)
  await until(async () => ((await ask().catch(() => undefined))?.pid ?? before.pid) !== before.pid, 'another process answers')
})

test('containers come back when the instance is stopped and started', async () => {
  for (const [State, then] of [
    ['stopping', 'stopped'],
    ['pending', 'running'],
  ] as const) {
    small.cloud.store.put('instance', id, { ...small.instance(id), State })
    small.cloud.machines.reconcile()
    await until(() => small.instance(id).State === then, `it is ${then}`)
  }
  await small.online(id)
  await until(() => ask().catch(() => undefined), 'it answers again')
  assert.is((await sh("docker inspect -f '{{.RestartCount}} {{.Config.Labels}}' web")).out, '1 map[mlops:service:web]\n')
})

test('exec runs in the container’s environment', async () => {
  const { out } = await sh(`docker exec -e EXTRA=1 web node -e 'console.log(process.env.GREETING, process.env.EXTRA)'`)
  assert.is(out, 'hello 1\n')
  assert.is((await sh(`echo in | docker exec -i web node -e 'process.stdin.pipe(process.stdout)'`)).out, 'in\n')
  assert.is((await sh(`docker exec web node -e 'process.exit(9)'`)).code, 9)
  assert.is((await sh('docker exec web no-such-program')).code, 127)
  assert.is((await sh(`docker exec web sh -c 'echo "$GREETING"'`)).out, 'hello\n', 'a shell to look around with')
  assert.match((await sh('docker exec -it web sh')).err, /the input device is not a TTY/)
  // script(1) gives it a terminal of its own, where there is that program.
  const terminal = await sh(
    `command -v script >/dev/null || exit 0; echo 'test -t 0 && echo "$GREETING at a terminal"; exit 6' | script -qec 'docker exec -it web sh' /dev/null; echo $?`,
  )
  if (terminal.out) assert.match(terminal.out, /hello at a terminal.*6\n$/s)
})

test('stop drains with SIGTERM, and it stays stopped', async () => {
  assert.is((await sh('docker stop -t 5 web')).out, 'web\n')
  assert.is((await sh("docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' web")).out, 'exited 0\n')
  assert.match((await sh('docker logs --tail 1 web')).out, /draining/)
  assert.match((await sh('docker ps -a')).out, /Exited \(0\)/)
  assert.is((await sh('docker start web')).code, 0)
  await until(() => ask().catch(() => undefined), 'it answers again')
  assert.is((await sh('docker restart -t 5 web')).code, 0)
  await until(() => ask().catch(() => undefined), 'it answers again')
  assert.is((await sh('docker kill web')).code, 0)
  assert.is((await sh("docker inspect -f '{{.State.ExitCode}}' web")).out, '137\n')
  assert.is((await sh('docker kill web')).code, 1)
})

test('rm takes it away; by force also what runs, and what is not there', async () => {
  assert.is((await sh('docker start web && docker rm web')).code, 1)
  assert.is((await sh('docker rm -f web')).out, 'web\n')
  assert.is((await sh('docker rm -f web')).code, 0)
  const missing = await sh('docker rm web')
  assert.is(missing.code, 1)
  assert.match(missing.err, /No such container: web/)
  await until(() => processesOf(id).length === 1, 'nothing but the machine runs')
})

test('logs are followed until the container ends', async () => {
  const { out, code } =
    await sh(`docker run -d --name talker ${tool} -e 'let i = 0; const t = setInterval(() => { console.log(++i); if (i === 3) clearInterval(t) }, 50)' >/dev/null
    docker logs -f talker; docker inspect -f '{{.State.ExitCode}}' talker; docker logs --tail 1 -t talker; docker logs -f --tail 1 talker; docker rm talker`)
  assert.is(code, 0)
  assert.match(out, /^1\n2\n3\n0\n\d{4}-.*Z 3\n3\ntalker\n$/)
})

test('a container that keeps failing is tried again, and can be stopped in between', async () => {
  await sh(`docker run -d --name stubborn --restart always ${tool} -e 'process.exit(4)'`)
  await until(async () => /Restarting \(4\)/.test((await sh('docker ps')).out), 'it waits for its next start')
  assert.is((await sh('docker stop stubborn && docker ps -q')).out, 'stubborn\n')
  assert.is((await sh('docker rm stubborn')).code, 0)
})

test('a foreground run passes its streams and its exit code on', async () => {
  const { out, err, code } = await sh(
    `echo question | docker run --rm -i ${tool} -e 'process.stdin.on("data", (d) => { console.log("got " + d); console.error("bad"); process.exitCode = 5 })'`,
  )
  assert.is(out, 'got question\n\n')
  assert.is(err, 'bad\n')
  assert.is(code, 5)
  assert.is((await sh('docker ps -aq')).out, '')
})

test('a command that is interrupted passes the signal on', async () => {
  const script = `setTimeout(() => {}, 60000); process.on("SIGTERM", () => process.exit(3)); console.log("up")`
  const { out, code } = await sh(`docker run --rm --name fore ${tool} -e '${script}' > "$MLOPS_ROOT/out" 2>&1 </dev/null & pid=$!
    until grep -q up "$MLOPS_ROOT/out"; do sleep 0.05; done; kill -TERM $pid; wait $pid; echo $?`)
  assert.is(code, 0)
  assert.is(out, '3\n')
})

test('-e NAME takes its value from where the command stands', async () => {
  const print = `-e 'console.log(process.env.A, process.env.C)'`
  const { out, err } = await sh(`export A=1 && docker run --rm -e A -e C ${tool} ${print}`)
  assert.is(out, '1 undefined\n', err)
})

test('a mount is found where it is in the image, also by a path relative to its neighbours', async () => {
  const { out, err } = await sh(`cd "$MLOPS_ROOT" && mkdir -p targets && echo '[]' > targets/a.json &&
    docker run --rm --mount "type=bind,src=$MLOPS_ROOT/targets,dst=/app/both/targets,readonly" ${tool} -e 'console.log(require("fs").readdirSync(process.argv[1] + "/../both/targets").join())' /app/both`)
  assert.is(out, 'a.json\n', err)
})

test('names of containers on the same network mean the instance', async () => {
  await sh(`docker run -d --name api --network mlops -p 8001:8001 ${web}`)
  const { out, err } = await sh(
    `docker run --rm --network mlops -e API=http://api:8001/x -e OTHER=http://other:8001 ${tool} -e 'console.log(process.env.API, process.env.OTHER)'`,
  )
  const address = small.instance(id).PrivateIpAddress
  assert.is(out, `http://${address}:8001/x http://other:8001\n`, err)
  await sh('docker rm -f api')
})

test('what the stand-in does not know is refused by name with 125, never ignored', async () => {
  for (const command of [
    `run --gpus all ${tool}`,
    'compose up',
    'build .',
    'ps --colour',
    'network prune',
    'image prune -f',
    'login registry',
    `run --privileged=true ${tool}`,
    `run -d -p 80:8001 ${tool}`,
    `run -Q ${tool}`,
    `run --env-file env ${tool}`,
    `run --network-alias backend ${tool}`,
    'rm -v web',
  ]) {
    const { code, err } = await sh(`docker ${command}`)
    assert.is(code, 125, command)
    assert.match(err, /gpus|compose|build|colour|prune|docker image|login|privileged|both ports|-Q|env-file|network-alias|-v/)
  }
})

test('wrong options are refused in docker’s words', async () => {
  const cases: [string, RegExp][] = [
    [`--restart sometimes ${tool}`, /invalid restart policy/],
    [`--restart always --rm ${tool}`, /cannot specify both --restart and --rm/],
    [`--memory much ${tool}`, /invalid size: 'much'/],
    [`--network nowhere ${tool}`, /network nowhere not found/],
    [`--log-opt colour=red ${tool}`, /unknown log opt 'colour'/],
    [`--mount type=bind,source=/no/such,target=/x ${tool}`, /bind source path does not exist/],
    [`--mount type=volume,target=/x,colour=red ${tool}`, /unexpected key 'colour'/],
    [`-v relative ${tool}`, /invalid volume specification/],
    [`--restart on-failure:2 ${tool}`, /invalid restart policy/],
    [`--pids-limit many ${tool}`, /invalid syntax/],
    [`--name '?' ${tool}`, /Invalid container name/],
    [`${registry.host}/team/none`, /manifest unknown/],
    ['', /requires at least 1 argument/],
  ]
  for (const [options, expected] of cases) {
    const { code, err } = await sh(`docker run ${options}`)
    assert.is(code, 125, options)
    assert.match(err, expected)
  }
  assert.is((await sh(`docker run --rm --entrypoint nothing ${tool}`)).code, 127)
})

test('a volume in memory is never on the disk, and empty after a restart of the machine', async () => {
  const { out, err } = await sh(`docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,mode=0755 memory
    docker run --rm --mount type=volume,src=memory,dst=/run/secrets/web ${tool} -e 'require("fs").writeFileSync(process.argv[1] + "/web/token", "hush")' /run/secrets
    docker run --rm --mount type=volume,src=memory,dst=/run/secrets,readonly ${tool} -e 'console.log(require("fs").readFileSync(process.argv[1], "utf8"))' /run/secrets/token
    grep -rl hush "$MLOPS_ROOT/../docker" | grep -v -e log -e json || echo nowhere
    docker volume inspect -f '{{.Options.type}}' memory`)
  assert.is(out, 'memory\nhush\nnowhere\ntmpfs\n', err)
  await sh('test -f "$MLOPS_ROOT/restarted" && exit 0; touch "$MLOPS_ROOT/restarted"; exit 194')
  assert.is((await sh("ls $(docker volume inspect -f '{{.Mountpoint}}' memory); docker volume rm memory")).out, 'memory\n')
  assert.match((await sh('docker volume create --opt type=nfs other')).err, /invalid option: type=nfs/)
})

test('binds, volumes and ls, rm and inspect of everything', async () => {
  const { out, err } = await sh(
    `cd "$MLOPS_ROOT" && echo content > file && docker run --rm -v "$MLOPS_ROOT/file:/in/file:ro" -v named:/vol -w /vol ${tool} -e 'const fs = require("fs"); console.log(fs.readFileSync(process.argv[1], "utf8")); fs.writeFileSync("kept", "x")' /in/file`,
  )
  assert.is(out, 'content\n\n', err)
  assert.is((await sh('docker volume ls -q')).out, 'data\nnamed\n')
  assert.match((await sh("ls $(docker volume inspect -f '{{.Mountpoint}}' named)")).out, /^kept\n/)
  assert.is((await sh('docker volume rm named')).out, 'named\n')
  assert.is((await sh('docker volume rm named')).code, 1)
  assert.is((await sh("docker network ls --format '{{.Name}}'")).out, 'bridge\nhost\nnone\nmlops\n')
  assert.is((await sh('docker network create mlops')).code, 1)
  assert.is((await sh("docker network inspect -f '{{.Driver}}' mlops")).out, 'bridge\n')
  assert.is((await sh('docker network inspect nowhere')).code, 1)
  assert.is((await sh('docker network rm mlops')).out, 'mlops\n')
  assert.is((await sh('docker network rm bridge')).code, 1)
  assert.match((await sh('docker images')).out, /REPOSITORY/)
  assert.is((await sh(`docker inspect -f '{{.Config.Labels.made}}' ${tool}`)).out, 'here\n')
  assert.is((await sh('docker inspect nothing')).code, 1)
  assert.match((await sh('docker info')).out, /ServerVersion/)
  assert.match((await sh("docker info --format '{{.ServerVersion}}'")).out, /^\d+\.\d+/)
  assert.is((await sh("docker info --format '{{range .}}'")).code, 64)
  assert.is((await sh("docker ps --format 'table {{.ID}}'; docker info --format json | tail -c 3")).out, '"}\n')
})

test('images are removed with the layers that nothing else needs', async () => {
  const layers = async () => (await sh('ls "$MLOPS_ROOT/../docker/layers" | grep -v complete | wc -l')).out.trim()
  assert.is(await layers(), '4')
  assert.match((await sh(`docker rmi ${web}`)).out, /Deleted: sha256:/)
  assert.is(await layers(), '3')
  await sh(`docker run --name clip ${tool} --version`)
  assert.match((await sh(`docker rmi ${tool}`)).err, /container .* is using its referenced image/)
  assert.match((await sh(`docker rm clip && docker rmi $(docker images -q)`)).out, /Deleted: sha256:/)
  assert.is(await layers(), '0')
})

test('content that is not what its digest says is not taken', async () => {
  const reference = await registry.push('team/lying', { layers: [{ a: 'b' }], lying: true })
  const lying = await sh(`docker pull ${reference}`)
  assert.is(lying.code, 1)
  assert.match(lying.err, /unpacks to|the image says/)
  const outside = await registry.push('team/outside', { layers: [{ '../escape': 'x' }] })
  assert.match((await sh(`docker pull ${outside}`)).err, /outside of its root/)
})

test('a login is needed where the registry wants one, and the helper of ECR is asked for it', async () => {
  registry.authorization = `Basic ${Buffer.from('me:pass word').toString('base64')}`
  const refused = await sh(`docker pull ${web}`)
  assert.is(refused.code, 1)
  assert.match(refused.err, /no basic auth credentials/)
  const other = await sh(`export DOCKER_CONFIG="$MLOPS_ROOT/other"; mkdir -p "$DOCKER_CONFIG"
    echo '{"credHelpers":{"${registry.host}":"nobody"}}' > "$DOCKER_CONFIG/config.json"; docker pull ${tool}`)
  assert.match(other.err, /does not know docker-credential-nobody/)
  const ecr = await sh(`export DOCKER_CONFIG="$MLOPS_ROOT/ecr"; mkdir -p "$DOCKER_CONFIG"
    echo '{"credHelpers":{"${registry.host}":"ecr-login"}}' > "$DOCKER_CONFIG/config.json"; docker pull ${tool}`)
  assert.match(ecr.err, /error getting credentials - docker-credential-ecr-login: /, 'nobody answers at the endpoint of this cloud')
  registry.authorization = undefined
})

test.run()
