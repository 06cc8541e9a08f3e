import type { LaunchDescription } from './launch-description.ts'
import type { Container } from './script-input.ts'

/** What a launch has begun that is waited for. */
export interface Monitored {
  readonly containers: readonly Pick<Container, 'name' | 'kind' | 'port'>[]
  readonly scraped: LaunchDescription['scraped']
}

/**
 * How long a server of monitoring may take to come up, in seconds: the fetching of large images included. Nobody waits
 * for it but the end of the deploy.
 */
const comeUpSeconds = 300
/** How long Prometheus may take to scrape every service once, in seconds: its longest interval is a minute. */
const scrapeSeconds = 90
/** How long the script may run, in seconds. */
export const monitoringSeconds = comeUpSeconds + scrapeSeconds + 30

/**
 * Writes the script that waits on a machine until the monitoring of its launch is up and Prometheus has scraped every
 * service once. It changes nothing. For each server it prints `monitor NAME` and then, indented, what its start has
 * left; for each service `scrape NAME` and then, indented, what Prometheus tells of it.
 *
 * @param address the machine's own
 */
export function monitoringScript({ containers, scraped }: Monitored, address: string): string {
  const named = (kind: 'service' | 'monitoring') => containers.filter((container) => container.kind === kind)
  const prometheus = named('monitoring').find(({ name }) => name === 'prometheus')
  const services = named('service').filter(({ name }) => scraped.some((job) => job.name === name))
  return `#!/bin/sh
# Waits for monitoring.
root="\${MLOPS_ROOT:-/opt/mlops}/monitoring"
patience() { deadline=$(($(date +%s) + $1)); }
late() { [ "$(date +%s)" -ge "$deadline" ]; }
monitor() { # CONTAINER: waits for what its start leaves
  until [ -e "$root/$1" ] || late; do sleep 0.2; done
  printf 'monitor %s\\n' "$1"
  if [ -e "$root/$1" ]; then sed 's/^/  /' "$root/$1"; fi
}
target() { # JOB: what Prometheus tells of it
  curl -sS -m 5 'http://${address}:${prometheus?.port ?? 0}/api/v1/targets?state=active' | tr '{' '\\n' | grep -F "\\"scrapePool\\":\\"$1\\""
}
scrape() { # JOB: waits until it has been scraped
  until target "$1" | grep -qF '"health":"up"' || late; do sleep 0.2; done
  printf 'scrape %s\\n  %s\\n' "$1" "$(target "$1" 2>&1)"
}
patience ${comeUpSeconds}
${named('monitoring')
  .map(({ name }) => `monitor ${name}\n`)
  .join('')}${
  prometheus === undefined
    ? ''
    : // One that did not come up scrapes nothing, and has been told of.
      `grep -qxF '{"ok":true}' "$root/prometheus" || exit 0\npatience ${scrapeSeconds}\n${services.map(({ name }) => `scrape ${name}\n`).join('')}`
}`
}
