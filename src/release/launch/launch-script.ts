import { quote } from '../../report/quote.ts'

/** A container as the launch script starts it. */
export interface Container {
  readonly name: string
  /** Services come first; monitoring is fetched and started while they have to show that they stay healthy. */
  readonly kind: 'service' | 'monitoring'
  /** `REGISTRY/REPOSITORY@sha256:…` */
  readonly image: string
  readonly port: number
  /** Answers 200 there once it may get traffic. */
  readonly health: string
  readonly memoryMiB: number
  readonly environment: Readonly<Record<string, string>>
  /** A path in the container that keeps what is written there, on a volume named after the container. */
  readonly volume: string | undefined
  /** Folders below the root that the container may read: folder → path in the container. */
  readonly reads: Readonly<Record<string, string>>
  /** Folders of the machine that it may read: folder → path in the container. */
  readonly hostFolders: Readonly<Record<string, string>>
  /** Whether it is on the machine's own network and not on that of the containers. */
  readonly hostNetwork: boolean
  /** `UID:GID`, never root. */
  readonly user: string
  /** Names of the secrets it reads, as files in `/run/secrets`. */
  readonly secrets: readonly string[]
  /** Containers that are healthy before this one is started. */
  readonly needs: readonly string[]
}

export interface Launch {
  readonly release: number
  /**
   * What tells this launch from every other one: each container has it as a label, each service answers with it
   * (`x-release-id`).
   */
  readonly identity: string
  /** The machine's own address: where it checks health, and where Prometheus scrapes. */
  readonly address: string
  /** The host of the image registry. */
  readonly registry: string
  readonly containers: readonly Container[]
  /** What brings the secrets; undefined when no container has any. */
  readonly secretsAgent: SecretsAgent | undefined
  /** Files to write: path below the root → text. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * The container that fetches secrets with the machine's role into memory that other containers mount
 * (`src/secrets-agent`).
 */
export interface SecretsAgent {
  readonly image: string
  readonly region: string
  /** What the agent's program fetches, one word a secret: names, never a value. */
  readonly requests: readonly string[]
}

/** How long docker may take to come up (its installation included), in seconds. */
const dockerPatience = 300
/** How long a container may take to become healthy, in seconds. */
const healthPatience = 60
/**
 * For how long a service must stay healthy, and must not end, once it is: what crashes on its first work or fills its
 * memory does so within seconds.
 */
const healthWindow = 5
/** How many of a container's last log lines a failure shows. */
const logLines = 20

/** Where the identity of its launch stands in a container's labels. */
export const identityLabel = 'mlops.release'

/**
 * Writes the script that launches a release on one machine. It needs docker, curl and what every distribution has,
 * writes everything under one root folder, and its first line of output is its result as JSON:
 * `{"ok":true,"identified":[…]}` with the services that answered with the identity of this launch, or
 * `{"ok":false,"step":…,"container":…}` followed by what its health check got and the log of what failed. Run Command
 * keeps the head of the output and loses its tail, so the long story goes to a file.
 */
export function launchScript(launch: Launch): string {
  const services = launch.containers.filter(({ kind }) => kind === 'service')
  const monitoring = launch.containers.filter(({ kind }) => kind === 'monitoring')
  const first = [...(launch.secretsAgent ? [{ ...launch.secretsAgent, name: 'secrets' }] : []), ...services]
  return [
    '#!/bin/sh',
    `# Launches release ${launch.release}.`,
    'set -eu',
    // The agent of a machine may say where its root is; on AWS it is always /opt/mlops.
    `root="\${MLOPS_ROOT:-/opt/mlops}"`,
    'mkdir -p "$root/docker"',
    // The agent sets no HOME, and the credential helper keeps its cache there.
    'export DOCKER_CONFIG="$root/docker" HOME="$root"',
    'exec 3>&1 >>"$root/launch.log" 2>&1',
    '',
    functions(launch),
    '',
    'trap \'fail script ""\' EXIT',
    'wait_for_docker',
    // The credential helper logs in with the machine's role: no password is ever in a command or a file.
    ...writeFile('docker/config.json', JSON.stringify({ credHelpers: { [launch.registry]: 'ecr-login' } })),
    ...Object.entries(launch.files).flatMap(([path, text]) => writeFile(path, text)),
    // A launch that is repeated finds it.
    'docker network create mlops || docker network inspect mlops',
    '',
    ...pulls(first),
    ...pulled(first),
    '',
    ...(launch.secretsAgent ? startSecretsAgent(launch.secretsAgent, launch.containers) : []),
    ...bringUp(services),
    `sleep ${healthWindow} 3>&- & window=$!`,
    '',
    // Not before the services are healthy: fetching would take the processor and the disk from their start.
    ...(monitoring.length > 0 ? [...pulls(monitoring), ...pulled(monitoring), '', ...bringUp(monitoring)] : []),
    'wait "$window"',
    ...launch.containers.map((container) => `steady ${checkOf(container)}`),
    'unended',
    'trap - EXIT',
    `printf '{"ok":true,"identified":[%s]}\\n' "$identified" >&3`,
    '',
  ].join('\n')
}

/** The words after `healthy` and `steady`. */
function checkOf({ name, port, health }: Container): string {
  return `${name} ${port} ${quote(health)}`
}

/**
 * Starts containers in the order of their needs, those of a wave side by side, waits until all of them are healthy, and
 * remembers their lives. A launch that is repeated on the same machine replaces what runs there.
 */
function bringUp(containers: readonly Container[]): string[] {
  return waves(containers).flatMap((wave) => {
    const names = wave.map(({ name }) => name)
    return [
      `docker rm -f ${names.join(' ')} || true`,
      ...wave.map((container) => `${startCommand(container)} 3>&- & run_${variable(container.name)}=$!`),
      ...names.map((name) => `wait "$run_${variable(name)}" || fail start ${name}`),
      ...wave.map((container) => `healthy ${checkOf(container)}`),
      `lives ${names.join(' ')} >>"$root/lives"`,
      '',
    ]
  })
}

function functions({ address, identity }: Launch): string {
  return `identity=${identity}
identified=
rm -rf "$root/lives"
fail() { # STEP CONTAINER [ANSWER]: says what failed, shows what was answered and the end of its log, and ends
  trap - EXIT
  step=$1
  # What the kernel ends for its memory has no last words; once it is started again, only docker's events tell of it.
  if [ -n "$2" ] && [ "$1" != pull ] && ran_out_of_memory "$2"; then step=memory; fi
  printf '{"ok":false,"step":"%s","container":"%s"}\\n' "$step" "$2" >&3
  if [ -n "\${3:-}" ]; then printf 'health check: %s\\n' "$3" >&3; fi
  if [ -n "$2" ] && [ "$1" != pull ]; then docker logs --tail ${logLines} "$2" >&3 2>&1 || true; else tail -n ${logLines} "$root/launch.log" >&3; fi
  exit 1
}
ran_out_of_memory() { # CONTAINER
  [ "$(docker inspect -f '{{.State.OOMKilled}}' "$1")" = true ] ||
    docker events --since 15m --until 0s --filter "container=$1" --filter event=oom --format '{{.Action}}' | grep -q oom
}
wait_for_docker() {
  deadline=$(($(date +%s) + ${dockerPatience}))
  until docker info; do
    [ "$(date +%s)" -lt "$deadline" ] || fail docker ""
    sleep 1
  done
}
ask() { # CONTAINER PORT PATH: whether it answers 200
  : >"$root/body"
  code=$(curl -sS -m 2 -o "$root/body" -D "$root/head" -w '%{http_code}' "http://${address}:$2$3" 2>"$root/silence") || code=000
  [ "$code" = 200 ]
}
answer() { # what came when it was asked last, in one line
  if [ "$code" = 000 ]; then tail -n 1 "$root/silence"; else printf 'HTTP %s %s' "$code" "$(head -c 300 "$root/body" | tr -s '[:cntrl:]' ' ')"; fi
}
healthy() { # CONTAINER PORT PATH: waits until it answers 200
  deadline=$(($(date +%s) + ${healthPatience}))
  tries=0
  until ask "$@"; do
    [ "$(date +%s)" -lt "$deadline" ] || fail health "$1" "$(answer)"
    tries=$((tries + 1))
    # A container that keeps ending will not get healthy: there is no use in waiting.
    if [ $((tries % 10)) -eq 0 ] && [ "$(docker inspect -f '{{.RestartCount}}' "$1")" -ge 3 ]; then fail start "$1"; fi
    sleep 0.1
  done
  if tr -d '\\r' <"$root/head" | grep -qixF "x-release-id: $identity"; then identified="$identified\${identified:+,}\\"$1\\""; fi
}
lives() { # CONTAINER…: since when each of them runs, and how often it had to be started again
  docker inspect -f '{{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}} {{.State.OOMKilled}}' "$@"
}
steady() { # CONTAINER PORT PATH: that it still answers 200
  tries=0
  until ask "$@"; do
    unended
    tries=$((tries + 1))
    [ "$tries" -lt 3 ] || fail unsteady "$1" "$(answer)"
    sleep 0.5
  done
}
unended() { # that no container has ended since it was healthy
  lives $(cut -d ' ' -f 1 "$root/lives" | tr -d /) >"$root/lives.now" || true
  ended=$(grep -vxF -f "$root/lives.now" "$root/lives" | head -n 1)
  [ -z "$ended" ] || fail ended "$(printf '%s' "\${ended%% *}" | tr -d /)"
}
secrets_ready() { # waits until every secret is there
  deadline=$(($(date +%s) + ${healthPatience}))
  until docker logs secrets | grep -q '^ready'; do
    [ "$(date +%s)" -lt "$deadline" ] || fail secrets secrets
    [ "$(docker inspect -f '{{.RestartCount}}' secrets)" -lt 3 ] || fail secrets secrets
    sleep 0.2
  done
}`
}

/**
 * Fetches images at the same time, behind what follows. What goes on there keeps no stream open: the agent would wait
 * for its end when the launch fails meanwhile.
 */
function pulls(containers: readonly Pick<Container, 'name' | 'image'>[]): string[] {
  return containers.map(({ image, name }) => `docker pull -q ${quote(image)} 3>&- & pull_${variable(name)}=$!`)
}

/** Waits for images; the first that could not be fetched ends the launch. */
function pulled(containers: readonly Pick<Container, 'name'>[]): string[] {
  return containers.map(({ name }) => `wait "$pull_${variable(name)}" || fail pull ${name}`)
}

/** Shell variables have no hyphens; container names have no underscores, so no two names meet. */
function variable(name: string): string {
  return name.replaceAll('-', '_')
}

/**
 * Starts the secrets agent and waits for it. A container's secrets lie on a volume of its own that is memory: nothing
 * of it is ever on the disk. The secrets agent is on the machine's own network, because that is one hop nearer to the
 * role's credentials than containers are; it may give files away and nothing else.
 */
function startSecretsAgent({ image, region, requests }: SecretsAgent, containers: readonly Container[]): string[] {
  const readers = containers.filter(({ secrets }) => secrets.length > 0)
  const volumes = readers.map(
    ({ name }) => `docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,mode=0755 secrets-${name}`,
  )
  const words = [
    'docker run -d --name secrets --network host --restart unless-stopped',
    '--read-only --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --security-opt no-new-privileges',
    '--user 0:0 --memory 128m --pids-limit 64 --log-opt max-size=1m --log-opt max-file=2',
    // The last two are set only where AWS is not at its usual place.
    `-e AWS_REGION=${region} -e AWS_ENDPOINT_URL -e AWS_EC2_METADATA_SERVICE_ENDPOINT`,
    ...readers.map(({ name }) => `--mount type=volume,src=secrets-${name},dst=/run/secrets/${name}`),
    quote(image),
    '/run/secrets',
    ...requests.map(quote),
  ]
  return [...volumes, 'docker rm -f secrets || true', `${words.join(' \\\n  ')} || fail start secrets`, 'secrets_ready', '']
}

/** Containers in the order of their needs: those of one wave are started together when all earlier ones are healthy. */
function waves(containers: readonly Container[]): Container[][] {
  const result: Container[][] = []
  const started = new Set<string>()
  let waiting = [...containers]
  while (waiting.length > 0) {
    const wave = waiting.filter(({ needs }) => needs.every((need) => started.has(need)))
    // The config refuses cycles and unknown names, so every round finds someone.
    if (wave.length === 0) throw new Error(`containers need each other: ${waiting.map(({ name }) => name).join(', ')}`)
    for (const { name } of wave) started.add(name)
    waiting = waiting.filter((container) => !wave.includes(container))
    result.push(wave)
  }
  return result
}

/** `docker run` with the least a container can do with. */
function startCommand(container: Container): string {
  const { name, image, port, memoryMiB, environment, volume, reads, hostFolders, hostNetwork, user, secrets } = container
  const words = [
    'docker run -d',
    `--name ${name} --network ${hostNetwork ? 'host' : 'mlops'} --restart unless-stopped`,
    `--label ${identityLabel}=$identity`,
    '--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges',
    `--memory ${memoryMiB}m --pids-limit 512`,
    '--log-opt max-size=10m --log-opt max-file=3',
    `--user ${user}`,
    ...(hostNetwork ? [] : [`-p ${port}:${port}`]),
    ...(volume ? [`--mount type=volume,src=${name},dst=${volume}`] : []),
    ...(secrets.length > 0 ? [`--mount type=volume,src=secrets-${name},dst=/run/secrets,readonly`] : []),
    ...Object.entries(reads).map(([folder, path]) => `--mount "type=bind,src=$root/${folder},dst=${path},readonly"`),
    ...Object.entries(hostFolders).map(([folder, path]) => `--mount type=bind,src=${folder},dst=${path},readonly`),
    ...Object.entries(environment).map(([key, value]) => `-e ${quote(`${key}=${value}`)}`),
    quote(image),
  ]
  return words.join(' \\\n  ')
}

function writeFile(path: string, text: string): string[] {
  return [`mkdir -p "$(dirname "$root/${path}")"`, `printf '%s' ${quote(text)} >"$root/${path}"`]
}
