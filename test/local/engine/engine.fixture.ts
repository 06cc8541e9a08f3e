import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineMissing } from '../../../src/local/machine/dockerd/requirements.ts'
import { tracesOf } from '../../../src/local/machine/dockerd/traces.ts'
import { processesOf } from '../../../src/local/machine/process-table.ts'

/** Why there is no real engine on this machine; undefined where there is one. */
export const noEngine = engineMissing()?.why

if (noEngine !== undefined) console.log(`Not tested with a real container engine: ${noEngine}.`)

/**
 * Everything of an instance's engine that is to be found on this machine: its processes, folder, interface, control
 * groups and mounts.
 */
export function tracesLeft(instanceId: string): string[] {
  const { link, run, cgroup } = tracesOf(instanceId)
  const groups = '/sys/fs/cgroup'
  const hierarchies = [groups, ...readdirSync(groups).map((name) => join(groups, name))]
  return [
    ...processesOf(instanceId).map((pid) => `process ${pid}`),
    ...[run, `/sys/class/net/${link}`, ...hierarchies.map((folder) => join(folder, cgroup))].filter((file) => existsSync(file)),
    ...readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(instanceId)),
    ...rules().filter((line) => line.includes(instanceId)),
  ]
}

/**
 * The packet filter's rules of this machine's own network that are not the embedded cloud's own: no instance may touch
 * them.
 */
export function firewall(): string[] {
  return rules().filter((line) => !line.includes('--comment "mlops:') && !line.includes('--comment mlops:'))
}

function rules(): string[] {
  const saved = execFileSync('iptables-save', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return saved.split('\n').filter((line) => /^(-A |:\S+ - )/.test(line))
}

/** A shell command that makes an image of one program of this machine, with nothing else in it but its libraries. */
export function importProgram(program: string, image: string): string {
  const needs = `$(ldd ${program} | grep -o '/[^ ]*')`
  return `tar -chf - -C / ${program} ${needs} 2>/dev/null | docker import -c 'ENTRYPOINT ["${program}"]' - ${image}`
}
