import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import { nameFile } from '../src/report/no-space.ts'
import { jobs } from './jobs.ts'
import { monitoringServers } from './servers.ts'
import { prometheusTargets } from './targets.ts'

/**
 * Everything that is generated, for people who run their own servers: folders to put in place of `/etc/prometheus`,
 * `/etc/alertmanager` and `/etc/grafana`.
 *
 * @param address where the services are reached
 * @returns path → text
 * @throws Failure for a rule or dashboard of the project's own that cannot be used
 */
export function monitoringFiles(config: Config, address: string): Record<string, string> {
  const files = monitoringServers(config).flatMap((server) => Object.entries(server.files()))
  const targets = Object.entries(prometheusTargets(jobs(config), address)).map(([path, text]) => [`/etc/prometheus/${path}`, text])
  return Object.fromEntries([...files, ...targets].map(([path, text]) => [path!.replace(/^\/etc\//, ''), text!]))
}

/** Writes files below a folder, which is made when it is not there. Returns their paths. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): string[] {
  return Object.entries(files).map(([path, text]) => {
    const file = join(folder, path)
    try {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    } catch (error) {
      throw nameFile(error, file)
    }
    return file
  })
}
