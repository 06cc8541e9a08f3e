import { type Diagnostics, type KeyPath, pathText } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

/** Where the monitoring servers listen when the config does not say: their own defaults. */
export const monitoringPorts = { prometheus: 9090, grafana: 3000, alertmanager: 9093, nodeExporter: 9100 } as const

export type MonitoringKind = keyof typeof monitoringPorts

/** Whether a monitoring server runs: it is not left out, and neither is Prometheus where it is of no use without. */
export function runs(kind: MonitoringKind, options: Partial<Record<MonitoringKind, unknown>>): boolean {
  if (options[kind] === false) return false
  return kind === 'prometheus' || kind === 'grafana' || options.prometheus !== false
}

interface Listener {
  readonly path: KeyPath
  readonly port: number
  /** Whether the port stands in the file. */
  readonly written: boolean
}

/** Finds ports that a container may not have and ports that two of them want. */
export function checkPorts(config: Draft, diagnostics: Diagnostics): void {
  const holders = new Map<number, Listener>()
  // Defaults first, so that a clash with one is shown at the port that can be seen in the file.
  for (const listener of listeners(config).sort((a, b) => Number(a.written) - Number(b.written))) {
    const { path, port } = listener
    if (port === 22) diagnostics.value(path, port, 'another port: 22 is a shell port, and a shell is reached through SSM alone')
    else if (port < 1024) diagnostics.value(path, port, 'a port from 1024 on: containers do not run as root, and lower ports need it')
    const holder = holders.get(port)
    if (holder) diagnostics.value(path, port, `a port of its own: ${heldBy(holder, diagnostics)}`)
    else holders.set(port, listener)
  }
}

function heldBy({ path, written }: Listener, diagnostics: Diagnostics): string {
  return written ? `${pathText(path)} has it (${diagnostics.place(path)})` : `${pathText(path)} is that by default`
}

function listeners(config: Draft): Listener[] {
  const found: Listener[] = servicesOf(config).flatMap(([name, { port }]) =>
    port === undefined ? [] : [{ path: ['services', name, 'port'], port, written: true }],
  )
  if (config.monitoring === false) return found
  for (const kind of Object.keys(monitoringPorts) as MonitoringKind[]) {
    const server = config.monitoring?.[kind]
    if (server === false || !runs(kind, config.monitoring ?? {})) continue
    found.push({ path: ['monitoring', kind, 'port'], port: server?.port ?? monitoringPorts[kind], written: server?.port !== undefined })
  }
  return found
}
