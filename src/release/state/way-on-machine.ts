import { gunzipSync } from 'node:zlib'
import type { RawAnswer, SmokeRequest, Way } from '../../../services/kit/smoke-way.ts'
import type { Clients } from '../../aws/clients.ts'
import type { Instance } from '../../aws/resources/instance.ts'
import { looking, runCommand } from '../../aws/run-command.ts'
import { quote } from '../../report/quote.ts'

/** How many requests go by one command: all their answers have to fit into what Run Command keeps of its output. */
const together = 8
/** How long one request may take, in seconds. */
const requestSeconds = 5

/** Where a container is asked. */
export interface Container {
  readonly name: string
  readonly port: number
  /** Where its token lies, as a name in `/run/secrets`; undefined where it has none. */
  readonly token: string | undefined
}

/**
 * The way to a service that is not open to us: curl on its machine, by Run Command. The token is read there, from the
 * memory that the container reads it from, and is in no command and no argument.
 */
export function wayOnMachine(
  clients: Clients,
  instance: Pick<Instance, 'id' | 'privateIp'>,
  container: Container,
  signal: AbortSignal,
): Way {
  const send = async (requests: readonly SmokeRequest[]): Promise<Outcome[]> => {
    const script = smokeScript(instance.privateIp ?? '127.0.0.1', container, requests)
    const options = { ...looking, comment: `Smoke checks of ${container.name}`, signal, waiting: () => undefined }
    try {
      return readOutcomes((await runCommand(clients, instance.id, script, options)).stdout, requests.length)
    } catch (error) {
      signal.throwIfAborted()
      return requests.map(() => ({ answer: error as Error, milliseconds: 0 }))
    }
  }
  return {
    ownNetwork: true,
    async ask(requests) {
      const outcomes = []
      for (let from = 0; from < requests.length; from += together) outcomes.push(...(await send(requests.slice(from, from + together))))
      return outcomes
    },
  }
}

type Outcome = Awaited<ReturnType<Way['ask']>>[number]

/**
 * Writes the script that asks. Of each request it prints three lines: status, seconds and content type; what curl has
 * to say; the body, compressed.
 */
export function smokeScript(address: string, { name, port, token }: Container, requests: readonly SmokeRequest[]): string {
  const words = ({ method, path, headers, body, stranger }: SmokeRequest) => [
    stranger || token === undefined ? 'nobody' : 'bearer',
    method,
    quote(`http://${address}:${port}${path}`),
    ...Object.entries(headers).map(([key, value]) => `-H ${quote(`${key}: ${value}`)}`),
    ...(body === undefined ? [] : ['--data-binary "@$dir/sent"']),
  ]
  const ask = (request: SmokeRequest) => `printf '%s' ${quote(request.body ?? '')} >"$dir/sent"\nask ${words(request).join(' ')}`
  return `#!/bin/sh
# Smoke checks of ${name}.
umask 077
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bearer() { printf 'Authorization: Bearer '; cat "$(docker volume inspect -f '{{.Mountpoint}}' secrets-${name})/${token}"; }
nobody() { :; }
ask() { # WHO METHOD URL [WORDS OF CURL…]
  who=$1 method=$2
  shift 2
  : >"$dir/body"
  "$who" | curl -sS -m ${requestSeconds} -X "$method" -H @- -o "$dir/body" -w '%{http_code} %{time_total} %{content_type}' "$@" >"$dir/said" 2>"$dir/silence" || true
  printf '%s\\n%s\\n%s\\n' "$(cat "$dir/said")" "$(tail -n 1 "$dir/silence")" "$(gzip -c "$dir/body" | base64 | tr -d '\\n')"
}
${requests.map(ask).join('\n')}
`
}

/** Reads what the script has printed. */
export function readOutcomes(text: string, count: number): Outcome[] {
  const lines = text.split('\n')
  return Array.from({ length: count }, (_, index): Outcome => {
    const [said = '', silence = '', body] = lines.slice(3 * index, 3 * index + 3)
    const [status = '', seconds = '', ...type] = said.split(' ')
    const milliseconds = Number(seconds) * 1000 || 0
    // The last line that was printed ends with a line break; what was cut off does not.
    if (body === undefined || lines.length <= 3 * index + 3) return { answer: new Error('its answer was cut off'), milliseconds }
    if (status === '000' || status === '') return { answer: new Error(silence || 'there was no answer'), milliseconds }
    const answer: RawAnswer = { status: Number(status), type: type.join(' '), text: gunzipSync(Buffer.from(body, 'base64')).toString() }
    return { answer, milliseconds }
  })
}
