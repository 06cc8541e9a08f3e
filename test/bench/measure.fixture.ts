import type { Child } from '../../services/kit/child.fixture.ts'
import { type Load, load, median } from './load.fixture.ts'
import { residentMB } from './process.fixture.ts'
import { atMost, type Row } from './row.fixture.ts'

/** What is asked for, but for where and how long. */
export type Request = Omit<Load, 'port' | 'ms' | 'warmMs' | 'answers'>

type Emit = (progress: string) => void

/**
 * The middle of some rounds, in each of which both servers are measured one after the other: by how much the first one
 * is as fast as the second.
 */
export async function ratio(request: Request, measured: Child, bare: Child, emit: Emit): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < 6; round++) {
    const one = await load({ ...request, port: measured.port, ms: 2000 })
    const other = await load({ ...request, port: bare.port, ms: 2000 })
    if (one.wrong > 0) throw new Error(`${one.wrong} of ${one.answers} answers were no ${request.expect}.`)
    // The first one warms both up.
    if (round > 0) ratios.push(one.rate / other.rate)
    emit(`${one.rate.toFixed(0)} a second, bare ${other.rate.toFixed(0)}, p99 ${one.p99.toFixed(1)} ms`)
  }
  return median(ratios)
}

/**
 * How long answers take at half of the service's top rate, in the middle of some rounds: a machine that does anything
 * else makes some of them slow, and those of the bare server, which gets the same rate, as well.
 *
 * @param goal for 99 of 100 answers, in ms
 */
export async function latency(name: string, request: Request, measured: Child, bare: Child, goal: number, emit: Emit): Promise<Row[]> {
  const top = await load({ ...request, port: measured.port, ms: 3000 })
  const half = { ...request, rate: top.rate / 2, warmMs: 500, ms: 3000 }
  const p99: { measured: number; bare: number }[] = []
  for (let round = 0; round < 7; round++) {
    const one = await load({ ...half, port: measured.port })
    const other = await load({ ...half, port: bare.port })
    if (one.wrong > 0) throw new Error(`${one.wrong} of ${one.answers} answers were no ${request.expect}.`)
    p99.push({ measured: one.p99, bare: other.p99 })
    emit(
      `${one.rate.toFixed(0)} a second of at most ${top.rate.toFixed(0)}: p50 ${one.p50.toFixed(2)} ms, p99 ${one.p99.toFixed(2)} ms, bare ${other.p99.toFixed(2)} ms`,
    )
  }
  return [
    atMost(`${name} at half of its top rate, p99`, median(p99.map((round) => round.measured)), goal, ' ms'),
    { what: 'bare node:http at the same rate, p99', measured: `${median(p99.map((round) => round.bare)).toFixed(2)} ms` },
  ]
}

/** Resident memory over a long load, and by how much it is more in the load's second half than in its first. */
export async function memory(name: string, request: Request, child: Child, answers: number, emit: Emit): Promise<Row[]> {
  const peaks: number[] = []
  const parts = 10
  for (let part = 0; part < parts; part++) {
    const samples: number[] = []
    const timer = setInterval(() => samples.push(residentMB(child.process.pid!)), 100)
    await load({ ...request, port: child.port, answers: answers / parts })
    clearInterval(timer)
    samples.push(residentMB(child.process.pid!))
    peaks.push(Math.max(...samples))
    emit(`${((answers / parts) * (part + 1)).toFixed(0)} requests, at most ${peaks.at(-1)?.toFixed(0)} MB`)
  }
  const growth = Math.max(...peaks.slice(parts / 2)) - Math.max(...peaks.slice(0, parts / 2))
  return [
    atMost(`${name}'s resident memory over ${answers} requests`, Math.max(...peaks), 150, ' MB'),
    atMost('its growth from the first half of them to the second', growth, 10, ' MB'),
  ]
}
