import { quote } from '../../report/quote.ts'
import { runContainer, runSecretsAgent } from './docker-run.ts'
import type { Container, Launch } from './script-input.ts'
import { shellFunctions } from './shell-functions.ts'

/**
 * For how long a service must stay healthy, and must not end, once it is: what crashes on its first work or fills its
 * memory does so within seconds.
 */
const healthWindow = 5

/**
 * Writes the script that launches a release on one machine. It needs docker, curl and what every distribution has,
 * writes everything under one root folder, and its first line of output is its result as JSON:
 * `{"ok":true,"engine":…,"identified":[…]}` with the version of the container engine and the services that answered
 * with the identity of this launch, or `{"ok":false,"step":…,"container":…}` followed by what its health check got and
 * the log of what failed. Run Command keeps the head of the output and loses its tail, so the long story goes to a
 * file.
 *
 * Monitoring comes up behind the services and outlives the script: a release is judged without it, and
 * `monitoring-script.ts` asks what has come of it.
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
    // What goes on behind the script must hold nothing of the agent's: it waits for all that do.
    'exec 3>&1 >>"$root/launch.log" 2>&1 </dev/null',
    '',
    shellFunctions(launch),
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
    ...(launch.secretsAgent ? runSecretsAgent(launch.secretsAgent, launch.containers) : []),
    ...bringUp(services),
    `sleep ${healthWindow} 3>&- & window=$!`,
    '',
    // Not before the services are healthy: fetching would take the processor and the disk from their start.
    ...monitoring.flatMap(bringUpBehind),
    'wait "$window"',
    ...services.map((container) => `steady ${checkOf(container)}`),
    'unended',
    'trap - EXIT',
    `printf '{"ok":true,"engine":"%s","identified":[%s]}\\n' "$engine" "$identified" >&3`,
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
      ...wave.map((container) => `${runContainer(container)} 3>&- & run_${variable(container.name)}=$!`),
      ...names.map((name) => `wait "$run_${variable(name)}" || fail start ${name}`),
      ...wave.map((container) => `healthy ${checkOf(container)}`),
      `lives ${names.join(' ')} >>"$root/lives"`,
      '',
    ]
  })
}

/** Fetches and starts a server of monitoring, whatever becomes of the others. */
function bringUpBehind(container: Container): string[] {
  const { name } = container
  const begin = `begin_${variable(name)}`
  return [
    `${begin}() {`,
    `docker pull -q ${quote(container.image)} 3>&- || fail pull ${name}`,
    `docker rm -f ${name} || true`,
    `${runContainer(container)} 3>&- || fail start ${name}`,
    '}',
    `behind ${begin} ${checkOf(container)}`,
    '',
  ]
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

function writeFile(path: string, text: string): string[] {
  return [`mkdir -p "$(dirname "$root/${path}")"`, `printf '%s' ${quote(text)} >"$root/${path}"`]
}
