import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../config/config.ts'
import type { PlanLine } from '../../src/release/plan/operation.ts'
import type { Plan } from '../../src/release/plan/plan.ts'
import type { ReleaseOperations } from '../../src/release/plan/release-operations.ts'
import { printDeployed, printHistory, printPlan, printReceipt, printStatus, printVerified } from '../../src/release/print.ts'
import type { LedgerEntry } from '../../src/release/state/ledger.ts'
import type { Status } from '../../src/release/status.ts'
import { Failure } from '../../src/report/failure.ts'
import { createTerminal, type Terminal } from '../../src/terminal/terminal.ts'
import { Screen } from '../support/screen.ts'

/** What is printed to standard output and to standard error, on pipes. */
function printed(print: (terminal: Terminal) => void, color = false): { out: string; err: string } {
  const [stdout, stderr] = [new Screen({ isTTY: false }), new Screen({ isTTY: false })]
  print(createTerminal({ stdout, stderr, env: { LANG: 'C.UTF-8' }, color }))
  return { out: stdout.written, err: stderr.written }
}

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const prod = { app: 'shop', stage: 'prod' } as Config
const local = { app: 'shop', stage: 'local' } as Config

const lines: PlanLine[] = [
  { glyph: ' ', what: 'elastic ip', detail: '192.0.2.1' },
  { glyph: '+', what: 'repository', detail: '' },
  { glyph: '-/+', what: 'stack', detail: 'release 6: vpc' },
  { glyph: '~', what: 'image web', detail: 'aaaaaaaaaaaa, 2.1 MB to upload' },
  { glyph: '-', what: 'stack', detail: 'release 5: left over by a run that did not end' },
]
/** Operations that are only looked at. */
const shown = (...lines: PlanLine[]) => ({ all: lines.map((line) => ({ lines: [line] })) }) as unknown as ReleaseOperations

const plan: Plan = {
  release: 6,
  account: '123456789012',
  region: 'ap-southeast-1',
  strategy: 'blue-green',
  operations: shown(...lines),
  leftovers: [5],
  first: [],
  replaces: 4,
  missing: ['grafana is not on this machine (apt-get install grafana)'],
  price: { instance: 7.592, disk: 1.6, addresses: 7.3, total: 16.492 },
  changes: true,
  interrupts: 'Release 4 serves until the new one is verified; then the address moves in one call.',
}

test('a plan is one line a step, then what is missing, what users notice and what it costs', () => {
  const { out, err } = printed((terminal) => printPlan(terminal, plan))
  assert.is(out, '')
  assert.fixture(
    err,
    `Plan for release 6 (blue-green)
Account 123456789012, ap-southeast-1
     elastic ip  192.0.2.1
   + repository
 -/+ stack       release 6: vpc
   ~ image web   aaaaaaaaaaaa, 2.1 MB to upload
   - stack       release 5: left over by a run that did not end
! Left out: grafana is not on this machine (apt-get install grafana)
Release 4 serves until the new one is verified; then the address moves in one call.
On AWS about $16.49 a month: machine $7.59, disk $1.60, addresses $7.30 (us-east-1 list prices of 2026-07, without traffic).
`,
  )
})

test('a plan that was asked for is a result, and says when a deploy would change nothing or the price is not known', () => {
  const same = {
    ...plan,
    operations: shown(lines[0]!),
    missing: [],
    changes: false,
    price: { ...plan.price, instance: undefined, total: undefined },
  }
  const { out, err } = printed((terminal) => printPlan(terminal, same, terminal.print))
  assert.is(err, '')
  assert.fixture(
    out,
    `Plan for release 6 (blue-green)
Account 123456789012, ap-southeast-1
     elastic ip  192.0.2.1
Release 4 serves exactly this: a deploy would launch nothing new.
Release 4 serves until the new one is verified; then the address moves in one call.
On AWS about unknown a month: machine unknown, disk $1.60, addresses $7.30 (us-east-1 list prices of 2026-07, without traffic).
`,
  )
})

test('colour is added to a plan and never the only signal', () => {
  const plain = printed((terminal) => printPlan(terminal, plan)).err
  const painted = printed((terminal) => printPlan(terminal, plan), true).err
  assert.is.not(painted, plain)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away
  assert.is(painted.replace(/\u001b\[\d+m/g, ''), plain.replace(/ +$/gm, ''))
})

const deployed = {
  release: 6,
  account: '123456789012',
  region: 'ap-southeast-1',
  address: '192.0.2.1',
  urls: { web: 'http://192.0.2.1:8001' },
  images: { web: digest('a'), store: digest('b') },
  missing: [],
  warnings: [],
  seconds: { build: 0.42, create: 3 },
  timeline: [
    { label: 'build', start: 0, seconds: 0.42 },
    { label: 'create', start: 0.1, seconds: 3 },
  ],
  operations: [],
  critical: [
    { name: 'vpc', start: 0, seconds: 0.3, after: [] },
    { name: 'instance', start: 0.4, seconds: 2.4, after: ['vpc'] },
  ],
}

test('what was deployed is where it answers and how long it took', () => {
  const { out, err } = printed((terminal) => printDeployed(terminal, prod, deployed, false))
  assert.fixture(
    out,
    `Release 6 of shop serves stage prod.
SERVICE  URL                    IMAGE
web      http://192.0.2.1:8001  aaaaaaaaaaaa
Seconds: build 0.4, create 3.0
`,
  )
  assert.is(err, 'Next: npx zx scripts/verify.mjs --stage prod tests every endpoint.\n')
  const timed = printed((terminal) => printDeployed(terminal, local, deployed, true))
  assert.match(timed.out, /\nCritical path of the resources: vpc 0\.3 → instance 2\.4, 2\.7 s in all\n$/)
  assert.is(timed.err, 'Next: npx zx scripts/verify.mjs tests every endpoint.\n')
  const failure = new Failure('Could not keep running grafana', { on: 'container grafana', log: ['no such plugin'] })
  const warned = printed((terminal) => printDeployed(terminal, prod, { ...deployed, warnings: [failure] }, false))
  assert.is(warned.out, out)
  const warning = '! Could not keep running grafana\n  on      container grafana\n  log     │ no such plugin\n'
  assert.is(warned.err, `${warning}${err}`)
})

test('a receipt says what is left and what that costs', () => {
  const removed = [{ kind: 'vpc', id: 'vpc-1' }]
  const clean = printed((terminal) => printReceipt(terminal, prod, { removed, taken: [], left: [], failure: undefined, seconds: 12.34 }))
  assert.fixture(clean.out, 'Removed 1 resource of stage prod of shop in 12.3 s.\nLooked again: nothing is left.\n')
  const taken = [
    { kind: 'GuardDuty endpoint', id: 'vpce-1' },
    { kind: 'GuardDuty security group', id: 'sg-1' },
  ]
  const watched = printed((terminal) =>
    printReceipt(terminal, prod, { removed: [...removed, ...taken], taken, left: [], failure: undefined, seconds: 1 }),
  )
  assert.fixture(
    watched.out,
    `Removed 3 resources of stage prod of shop in 1.0 s.
With its network went what others had put there: GuardDuty endpoint vpce-1, GuardDuty security group sg-1.
Looked again: nothing is left.
`,
  )
  const left = [{ kind: 'elastic ip', id: 'eipalloc-1 192.0.2.1' }, ...removed]
  const dirty = printed((terminal) => printReceipt(terminal, prod, { removed, taken: [], left, failure: undefined, seconds: 1 }))
  assert.fixture(
    dirty.out,
    `Removed 1 resource of stage prod of shop in 1.0 s.
Looked again: 2 left.
KIND        ID                    USD A MONTH
elastic ip  eipalloc-1 192.0.2.1         3.65
vpc         vpc-1
`,
  )
})

const status: Status = {
  app: 'shop',
  stage: 'prod',
  release: 6,
  launched: true,
  silent: undefined,
  next: undefined,
  deployed: { at: '2026-01-02T03:04:05.000Z', by: 'ann@laptop', commit: 'c'.repeat(40) },
  address: '192.0.2.1',
  machine: { id: 'i-6', state: 'running', imageId: 'ami-1', engine: '28.2.2' },
  services: [
    { name: 'web', url: 'http://192.0.2.1:8001', state: 'healthy', detail: 'HTTP 200', image: digest('a') },
    { name: 'grafana', url: undefined, state: 'missing', detail: 'grafana is not on this machine', image: undefined },
  ],
  missing: [],
  leftovers: [5, 7],
  lock: { by: 'bob@ci (deploy)' },
}

test('a status is what serves, where, how it is, and what is going on', () => {
  assert.fixture(
    printed((terminal) => printStatus(terminal, status)).out,
    `Release 6 of shop serves stage prod at 192.0.2.1.
Deployed 2026-01-02T03:04:05.000Z by ann@laptop from commit cccccccccccc.
Machine i-6 is running: ami-1, docker 28.2.2.
SERVICE  STATE    URL                    IMAGE         DETAIL
web      healthy  http://192.0.2.1:8001  aaaaaaaaaaaa  HTTP 200
grafana  missing                                       grafana is not on this machine
Left over and removed by the next deploy: the stacks of release 5, 7.
Locked by bob@ci (deploy).
`,
  )
})

test('a stage that is held says why, since when, and how that is lifted', () => {
  const lock = { by: 'ann@laptop (lock)', held: { reason: 'Audit until Friday', since: '2026-01-02T03:04:05.000Z' } }
  assert.match(
    printed((terminal) => printStatus(terminal, { ...status, lock })).out,
    'Held by ann@laptop (lock) since 2026-01-02T03:04:05.000Z: Audit until Friday. To release it: npx zx scripts/lock.mjs release --stage prod\n',
  )
})

test('a machine that has stopped, or says nothing, is told with what helps; who launched it may be unknown', () => {
  const machine = { id: 'i-6', state: 'stopped', imageId: 'ami-1', engine: undefined }
  const silent = { ...status, deployed: undefined, services: [], leftovers: [], lock: undefined }
  const next = 'aws ec2 start-instances --instance-ids i-6'
  assert.is(
    printed((terminal) => printStatus(terminal, { ...silent, machine, silent: 'it is stopped', next })).out.trimEnd(),
    `Release 6 of shop serves stage prod at 192.0.2.1.\nMachine i-6 is stopped: ami-1.\nIt keeps its data and its address. To start it: ${next}\nSERVICE  STATE  URL  IMAGE  DETAIL`,
  )
  assert.match(
    printed((terminal) => printStatus(terminal, { ...silent, silent: 'its agent hangs', next: 'aws ec2 reboot-instances' })).out,
    'It could not be asked how its containers are: its agent hangs\nNext: aws ec2 reboot-instances\n',
  )
  assert.match(
    printed((terminal) => printStatus(terminal, { ...silent, silent: 'AccessDeniedException: no' })).out,
    'It could not be asked how its containers are: AccessDeniedException: no\n',
  )
})

test('a stage that serves nothing, or has only a machine, says how to deploy it', () => {
  const bare = { ...status, launched: false, deployed: undefined, services: [], leftovers: [], lock: undefined }
  const nothing = printed((terminal) => printStatus(terminal, { ...bare, release: undefined, machine: undefined, stage: 'local' })).out
  assert.is(nothing.split('\n')[0], 'Stage local of shop serves nothing. To deploy it: npx zx scripts/deploy.mjs')
  const machine = printed((terminal) => printStatus(terminal, bare)).out
  assert.is(
    machine.split('\n')[0],
    'Stage prod of shop has a machine at 192.0.2.1 on which nothing was launched. To deploy it: npx zx scripts/deploy.mjs --stage prod',
  )
})

test('a history is one line a release', () => {
  const entry: LedgerEntry = {
    release: 6,
    outcome: 'serving',
    at: '2026-01-02T03:04:05.678Z',
    by: 'ann@laptop',
    commit: `${'c'.repeat(40)}-dirty`,
    images: { web: digest('a') },
    missing: [],
    seconds: { build: 0.42, create: 3 },
  }
  const failed: LedgerEntry = { ...entry, release: 7, outcome: 'failed', images: {}, error: 'Could not create vpc\nHeld up by it: subnet' }
  const { commit, ...without } = failed
  assert.fixture(
    printed((terminal) => printHistory(terminal, [without, entry])).out,
    `RELEASE  OUTCOME  AT                   BY          COMMIT              IMAGES            SECONDS                ERROR
      7  failed   2026-01-02 03:04:05  ann@laptop                                        build 0.4, create 3.0  Could not create vpc
      6  serving  2026-01-02 03:04:05  ann@laptop  cccccccccccc-dirty  web aaaaaaaaaaaa  build 0.4, create 3.0
`,
  )
  assert.match(printed((terminal) => printHistory(terminal, [])).out, /^No release has been made yet\.\n/)
})

test('checks are listed, those that failed with what was expected, and counted', () => {
  const good = { name: 'it is healthy', ok: true, expected: '200', got: '200', milliseconds: 1.6 }
  const bad = { name: 'it counts', ok: false, expected: 'a number', got: '"x"', milliseconds: 12 }
  let failed = 0
  const { out } = printed((terminal) => {
    failed = printVerified(terminal, [
      { service: 'web', results: [good, bad] },
      { service: 'store', results: [] },
    ])
  })
  assert.is(failed, 1)
  assert.fixture(
    out,
    `SERVICE  CHECK            MS
web      ✔ it is healthy   2
web      ✖ it counts      12
web: it counts
  expected a number
  got      "x"
1 checks passed, 1 failed.
`,
  )
  const none = printed((terminal) => {
    failed = printVerified(terminal, [{ service: 'store', results: [] }])
  })
  assert.is(failed, 1)
  assert.match(none.out, /No service can be reached from here, so nothing was checked\.\n$/)
})

test.run()
