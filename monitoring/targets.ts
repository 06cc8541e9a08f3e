import { stringify } from 'yaml'
import type { Job } from './jobs.ts'
import type { RuleFile } from './rule-file.ts'

/** A release as dashboards and alerts tell of it. */
export interface Launched {
  readonly release: number
  /** When it is launched, in ms since the epoch. */
  readonly at: number
  /** Who deploys it. */
  readonly by: string
  /** The commit it was built from; undefined outside of a repository. */
  readonly commit: string | undefined
  /** Digests of the images, by service: `sha256:…`. */
  readonly images: Readonly<Record<string, string>>
}

/** Where a job's targets stand, relative to `/etc/prometheus/`. */
export function targetsFile(job: string): string {
  return `targets/${job}.json`
}

/**
 * The files that say where each job's targets are, for the folder that is mounted at `/etc/prometheus/`.
 *
 * @param scraped a server that was left out is no target
 * @param address where the containers of this machine are reached from Prometheus's own
 * @returns path relative to that folder (`targets/ml-inference.json`) → text
 */
export function prometheusTargets(scraped: readonly Job[], address: string): Record<string, string> {
  return Object.fromEntries(
    scraped.map(({ name, port }) => {
      const group = { targets: [`${address}:${port}`], labels: { service: name } }
      return [targetsFile(name), `${JSON.stringify([group])}\n`]
    }),
  )
}

/**
 * The rules that tell Prometheus which release runs: dashboards draw a line when it was launched, and alerts are held
 * back until it has settled. They stand beside the targets because only a launch knows them.
 *
 * @returns path relative to `/etc/prometheus/` → text
 */
export function prometheusRelease(launched: Launched): Record<string, string> {
  const { release, at, by, commit = 'none', images } = launched
  const digests = Object.entries(images).map(([name, digest]) => `${name}@${digest.replace('sha256:', '').slice(0, 12)}`)
  const rule = {
    record: 'release:launched:timestamp_seconds',
    expr: `vector(${Math.floor(at / 1000)})`,
    labels: { release: String(release), by, commit, digests: digests.join(' ') },
  }
  const file: RuleFile = { groups: [{ name: 'release', rules: [rule] }] }
  return { 'targets/release.yml': stringify(file, { lineWidth: 0 }) }
}
