import type { Clients } from '../../aws/clients.ts'
import type { Instance } from '../../aws/resources/instance.ts'
import { looking, runCommand } from '../../aws/run-command.ts'
import { Failure } from '../../report/failure.ts'
import { quote } from '../../report/quote.ts'
import { identityLabel } from '../launch/docker-run.ts'
import type { Port } from '../stage/ports.ts'

/** How a container is, as its machine sees it. */
export interface Condition {
  /** `running`, `restarting`, `exited`, …: docker's own word. */
  readonly state: string
  /** How often the engine started it again after it had ended, and how many seconds ago it did so last. */
  readonly restarts: number
  readonly upSeconds: number
  readonly outOfMemory: boolean
  /** Its health check on the machine: `HTTP 200`, or what came instead. */
  readonly healthy: boolean
  readonly answer: string
  /** The digest of its image. */
  readonly image: string
  /** The launch that started it; undefined for one that was started by hand. */
  readonly identity: string | undefined
  /**
   * Whether it answers with that identity, as services on the kit do: then it does so everywhere, or somebody else
   * answers.
   */
  readonly identified: boolean
}

/** A container that was started again so often, and not long ago, keeps ending, whatever it answers at the moment. */
const often = 3
const recently = 120

/** What is wrong with a container; undefined where nothing is. */
export function troubleOf({ state, restarts, upSeconds, outOfMemory, healthy, answer }: Condition): string | undefined {
  if (outOfMemory && state !== 'running') return 'it took more memory than its container may have'
  if (state !== 'running' || (restarts >= often && upSeconds < recently))
    return `it keeps ending: ${startedAgain(restarts)}, it is ${state}`
  return healthy ? undefined : answer
}

/** `started again 2 times`. */
export function startedAgain(restarts: number): string {
  return `started again ${restarts} ${restarts === 1 ? 'time' : 'times'}`
}

/**
 * Asks a machine, by one Run Command, how its containers are. Those that it does not have are absent from the answer.
 * @throws what Run Command throws, and a Failure when the container engine does not answer
 */
export async function conditionsOf(
  clients: Clients,
  instance: Pick<Instance, 'id' | 'privateIp'>,
  ports: readonly Port[],
  signal: AbortSignal,
): Promise<Map<string, Condition>> {
  const script = conditionsScript(instance.privateIp ?? '127.0.0.1', ports)
  const { exitCode, stdout, stderr } = await runCommand(clients, instance.id, script, {
    comment: 'Condition of all containers',
    ...looking,
    signal,
    waiting: () => undefined,
  })
  if (exitCode === 0) return readConditions(stdout)
  throw new Failure('The container engine of the machine does not answer', {
    on: `instance ${instance.id}`,
    log: stderr.trimEnd().split('\n').slice(-20),
  })
}

/**
 * The script that looks. Health checks go side by side; each fact is one line, and what may hold spaces stands last in
 * it. Nothing is written to the machine's disk, which may be full.
 */
export function conditionsScript(address: string, ports: readonly Port[]): string {
  const facts =
    '{{.Name}} {{.State.Status}} {{.RestartCount}} {{.State.OOMKilled}} {{.State.StartedAt}} {{.Config.Image}} ' +
    `{{index .Config.Labels "${identityLabel}"}}`
  return `#!/bin/sh
# How the containers are.
ask() { # CONTAINER PORT PATH
  out=$(curl -sS -i -m 3 --max-filesize 1000000 -w '\\n%{http_code}' "http://${address}:$2$3" 2>&1) && code=$(printf '%s' "$out" | tail -n 1) || code=000
  out=$(printf '%s\\n' "$out" | tr -d '\\r')
  case $code in
    000) said=$(printf '%s\\n' "$out" | grep '^curl:' | head -n 1) ;;
    200) said='HTTP 200' ;;
    *) said="HTTP $code $(printf '%s\\n' "$out" | sed '1,/^$/d' | sed '$d' | head -c 150 | tr -s '[:cntrl:]' ' ')" ;;
  esac
  identity=$(printf '%s\\n' "$out" | sed '/^$/q' | sed -n 's/^[Xx]-[Rr]elease-[Ii][Dd]: //p' | head -n 1)
  printf 'answer %s %s %s %s\\n' "$1" "$code" "\${identity:--}" "$said"
}
${ports.map(({ name, port, health }) => `ask ${name} ${port} ${quote(health)} &`).join('\n')}
wait
printf 'now %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
docker inspect -f ${quote(`container ${facts}`)} ${ports.map(({ name }) => name).join(' ')} 2>/dev/null || docker info 2>&1 >/dev/null
`
}

/** Reads what the script has printed. */
export function readConditions(text: string): Map<string, Condition> {
  const lines = text.split('\n').map((line) => line.split(' '))
  const now = Date.parse(lines.find(([kind]) => kind === 'now')?.[1] ?? '')
  const answers = new Map(
    lines.flatMap(([kind, name = '', code, identity, ...said]) =>
      kind === 'answer' ? [[name, { code, identity, said: said.join(' ').trim() }]] : [],
    ),
  )
  return new Map(
    lines.flatMap(([kind, path = '', state = '', restarts, outOfMemory, started = '', image = '', label = '']) => {
      if (kind !== 'container') return []
      const name = path.replace(/^\//, '')
      const answer = answers.get(name)
      const identity = label === '' || label.startsWith('<') ? undefined : label
      const condition: Condition = {
        state,
        restarts: Number(restarts),
        upSeconds: Math.max(0, (now - Date.parse(started)) / 1000),
        outOfMemory: outOfMemory === 'true',
        healthy: answer?.code === '200',
        answer: answer?.said ?? '',
        image: image.slice(image.indexOf('@') + 1),
        identity,
        identified: identity !== undefined && answer?.identity === identity,
      }
      return [[name, condition] as const]
    }),
  )
}
