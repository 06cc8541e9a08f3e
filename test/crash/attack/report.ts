import { renderTable } from '../../../src/terminal/text/table.ts'
import type { CaseResult, FamilyResult, ServiceResult } from './assault.ts'
import { bounds } from './bounds.ts'

export interface ReportOptions {
  readonly seed: number
  readonly memoryMiB: number
}

const width = 80
const MiB = 2 ** 20
const failedOf = (cases: readonly CaseResult[]) => cases.filter(({ problems }) => problems.length > 0)

/**
 * How many cases and families were as they should be, and how many were not. A case that was not tried has not passed.
 */
export function countOf(services: readonly ServiceResult[]): { passed: number; failed: number } {
  const families = services.flatMap((service) => service.families)
  const cases = families.flatMap((family) => family.cases)
  const failed = failedOf(cases).length + families.reduce((sum, { untried, problems }) => sum + untried + problems.length, 0)
  return { passed: cases.length - failedOf(cases).length, failed }
}

/** What came of an attack, as lines of at most 80 columns; a command is never cut. */
export function renderAttack(services: readonly ServiceResult[], options: ReportOptions): string {
  const { passed, failed } = countOf(services)
  return `${services.map((service) => renderService(service, options)).join('\n\n')}\n\n${passed} passed, ${failed} failed`
}

function renderService(service: ServiceResult, { seed, memoryMiB }: ReportOptions): string {
  const { name, url, rest, restBytes, exact, series, families } = service
  const reproduce = ({ number }: CaseResult) => `npx node test/crash/attack.ts --url ${url} --seed ${seed} --case ${number}`
  const noise = rest && `/health ${ms(rest.health.p99)} ms, a bare server ${ms(rest.noise.p99)} ms`
  return [
    `${name} at ${url}`,
    `at rest: ${(restBytes / MiB).toFixed(0)} MiB${noise ? `; p99 of ${noise}` : ''}`,
    '',
    renderTable(families.map(rowOf), columns, { width }),
    '',
    `Bounds: ${bounds.cpuMsPerKB} ms/kB (a case counts as at least ${bounds.leastKB} kB), ${memoryMiB} MiB, no 5xx but 503,`,
    `/health within ${bounds.healthMs} ms of a bare server (NOISE), ${bounds.labelValues} new values a label.`,
    `Series of /metrics: ${series[0]} before, ${series[1]} after.${exact ? '' : ' Memory by readings only: its process is not here.'}`,
    '',
    'The dearest case of each family:',
    ...families.flatMap(({ name: family, cases }) => {
      const worst = dearest(cases)
      return worst ? [cut(`  ${family}: ${worst.about}`), `    ${numbers(worst)}`, `    ${reproduce(worst)}`] : []
    }),
    ...families.flatMap((family) => failures(family, reproduce)),
  ].join('\n')
}

const columns = [
  { key: 'family' },
  { key: 'cases', align: 'right' },
  { key: 'failed', align: 'right' },
  { key: 'untried', align: 'right' },
  { key: 'cpu', title: 'MS/KB', align: 'right' },
  { key: 'peak', title: 'MiB', align: 'right' },
  { key: 'worst', title: 'WORST', align: 'right' },
  { key: 'health', title: 'HEALTH p99', align: 'right' },
  { key: 'noise', title: 'NOISE', align: 'right' },
] as const

function rowOf({ name, cases, untried, health, noise }: FamilyResult) {
  const worst = dearest(cases)
  return {
    family: name,
    cases: cases.length,
    failed: failedOf(cases).length,
    untried: untried || '',
    cpu: worst ? ms(worst.cpuMsPerKB) : '',
    peak: (Math.max(0, ...cases.map(({ peakBytes }) => peakBytes)) / MiB).toFixed(0),
    worst: worstStatus(cases),
    health: health ? `${ms(health.p99)} ms` : '',
    noise: noise ? `${ms(noise.p99)} ms` : '',
  }
}

function failures({ name, cases, untried, problems }: FamilyResult, reproduce: (one: CaseResult) => string): string[] {
  const lines = [
    ...problems.map((problem) => `  ${problem}`),
    ...(untried > 0 ? [`  ${untried} cases were not tried: too many had failed, or there was no more time`] : []),
    ...failedOf(cases).flatMap((one) => [
      cut(`  ${one.about}`),
      ...one.problems.map((problem) => cut(`    ${problem}`)),
      `    ${reproduce(one)}`,
    ]),
  ]
  return lines.length > 0 ? ['', `FAILED: ${name}`, ...lines] : []
}

/** The case that took most processor time a kB, one that its process did not survive above all. */
function dearest(cases: readonly CaseResult[]): CaseResult | undefined {
  const cost = ({ cpuMsPerKB }: CaseResult) => (Number.isNaN(cpuMsPerKB) ? Number.POSITIVE_INFINITY : cpuMsPerKB)
  return [...cases].sort((a, b) => cost(b) - cost(a))[0]
}

/** A 5xx before none, none before 503, and then the largest. */
function worstStatus(cases: readonly CaseResult[]): string {
  const rank = (status: string) => (status === 'cut' ? 550 : status === '503' ? 500 : Number(status) >= 500 ? 1000 : Number(status))
  return [...new Set(cases.flatMap(({ statuses }) => Object.keys(statuses)))].sort((a, b) => rank(b) - rank(a))[0] ?? ''
}

function numbers({ bytes, cpuSeconds, cpuMsPerKB, peakPerByte, statuses }: CaseResult): string {
  const answers = Object.entries(statuses).map(([status, times]) => `${status} × ${times}`)
  const cpu = cpuSeconds === undefined ? 'it did not survive' : `${cpuSeconds.toFixed(3)} s CPU, ${ms(cpuMsPerKB)} ms/kB`
  return `${bytes} bytes, ${cpu}, ${ms(peakPerByte)} bytes of memory a byte; ${answers.join(', ')}`
}

const ms = (value: number) => (Number.isNaN(value) ? '–' : value >= 10 ? value.toFixed(0) : value.toFixed(1))
const cut = (line: string) => (line.length > width ? `${line.slice(0, width - 1)}…` : line)
