import type { Resident } from './resident.ts'

/** A container as the watch sees it. */
export interface Watched {
  readonly id: string
  /** What it may take with its swap, in bytes; 0 for as much as there is. */
  readonly limit: number
  readonly processes: readonly Resident[]
}

/** A process that has to end, whose container it is, and why. */
export interface Victim {
  readonly pid: number
  readonly id: string
  readonly why: string
}

/**
 * Which processes a kernel would end: of a container that is above its limit the largest, and when all containers
 * together have more than the instance has for them, the largest of all. Pure.
 *
 * @param available for all containers, in bytes
 */
export function victims(containers: readonly Watched[], available: number): Victim[] {
  const above = containers.filter(({ limit, processes }) => limit > 0 && sum(processes) > limit)
  if (above.length > 0)
    return above.map(({ id, limit, processes }) => {
      return { pid: largest(processes).pid, id, why: `it has ${mib(sum(processes))} MiB, and its limit is ${mib(limit)}` }
    })
  const together = sum(containers.flatMap(({ processes }) => processes))
  if (together <= available) return []
  const { pid } = largest(containers.flatMap(({ processes }) => processes))
  const { id } = containers.find(({ processes }) => processes.some((each) => each.pid === pid))!
  const why = `all containers have ${mib(together)} MiB, the instance has ${mib(available)} for them, and it is the largest`
  return [{ pid, id, why }]
}

const sum = (processes: readonly Resident[]) => processes.reduce((total, { bytes }) => total + bytes, 0)

const largest = (processes: readonly Resident[]) => processes.reduce((a, b) => (b.bytes > a.bytes ? b : a))

const mib = (bytes: number) => Math.round(bytes / 1024 ** 2)
