import { readFileSync } from 'node:fs'
import type { Child } from '../../services/kit/child.fixture.ts'
import { type Load, load, median } from './load.fixture.ts'
import { atMost, type Row } from './row.fixture.ts'

/** What is asked for, but for where and how long. */
export type Request = Omit<Load, 'port' | 'ms' | 'answers'>

type Tell = (progress: string) => void

/** The middle of some rounds, in each of which both servers are measured one after the other: by how much the first one is as fast as the second. */
export async function ratio(request: Request, measured: Child, bare: Child, tell: Tell): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < 6; round++) {
    const one = await load({ ...request, port: measured.port, ms: 2000 })
    const other = await load({ ...request, port: bare.port, ms: 2000 })
    if (one.wrong > 0) throw new Error(`${one.wrong} of ${one.answers} answers were no ${request.expect}.`)
    // The first one warms both up.
    if (round > 0) ratios.push(one.rate / other.rate)
    tell(`${one.rate.toFixed(0)} a second, bare ${other.rate.toFixed(0)}, p99 ${one.p99.toFixed(1)} ms`)
  }
  return median(ratios)
}

/** Resident memory over a long load, and by how much it is more in the load's second half than in its first. */
export async function memory(name: string, request: Request, child: Child, answers: number, tell: Tell): Promise<Row[]> {
  const peaks: number[] = []
  const parts = 10
  for (let part = 0; part < parts; part++) {
    const samples: number[] = []
    const timer = setInterval(() => samples.push(residentMB(child.process.pid!)), 100)
    await load({ ...request, port: child.port, answers: answers / parts })
    clearInterval(timer)
    samples.push(residentMB(child.process.pid!))
    peaks.push(Math.max(...samples))
    tell(`${((answers / parts) * (part + 1)).toFixed(0)} requests, at most ${peaks.at(-1)?.toFixed(0)} MB`)
  }
  const growth = Math.max(...peaks.slice(parts / 2)) - Math.max(...peaks.slice(0, parts / 2))
  return [
    atMost(`${name}'s resident memory over ${answers} requests`, Math.max(...peaks), 150, ' MB'),
    atMost('its growth from the first half of them to the second', growth, 10, ' MB'),
  ]
}

/** In MB, from Linux's /proc (VmRSS); not a number elsewhere. */
function residentMB(pid: number): number {
  try {
    return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6
  } catch {
    return Number.NaN
  }
}
