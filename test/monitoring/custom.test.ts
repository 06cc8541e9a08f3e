import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { grafanaFiles, prometheusFiles, writeFiles } from '../../monitoring/index.ts'
import { Failure } from '../../src/report/failure.ts'
import { has, inFolder, output } from '../support/promtool.ts'
import { config } from './example.fixture.ts'

const rules = 'groups:\n  - name: team\n    rules:\n      - alert: Idle\n        expr: job:http_requests:rate5m == 0\n'
const dashboard = { uid: 'team', title: 'Team', panels: [{ title: 'Up', targets: [{ expr: 'up{job=~"$job"}' }, {}] }] }

/** What is generated for a project with these files in its `monitoring` folder. */
function generated<T>(files: Record<string, string>, generate: (of: typeof config, folder: string) => T | Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    writeFiles(join(folder, 'monitoring'), files)
    return generate({ ...config, folder }, folder)
  })
}

async function refusal(files: Record<string, string>): Promise<string> {
  const error = await generated(files, (of) => [prometheusFiles(of), grafanaFiles(of)]).then(
    () => new Error('nothing was refused'),
    (error: Error) => error,
  )
  assert.instance(error, Failure)
  assert.is((error as Failure).code, 2)
  return error.message
}

test("the project's own rules are shipped beside the generated ones", async () => {
  const files = await generated({ 'rules/team.yml': rules, 'rules/README.md': 'not a rule' }, prometheusFiles)
  assert.is(files['rules/custom-team.yml'], rules)
  assert.match(files['prometheus.yml']!, 'rules/custom-team.yml')
  assert.not.match(Object.keys(files).join(), 'README')
})

test("the project's own dashboards are shipped beside the generated one", async () => {
  const text = JSON.stringify(dashboard)
  const files = await generated({ 'dashboards/team.json': text }, grafanaFiles)
  assert.is(files['/etc/grafana/provisioning/dashboards/custom-team.json'], text)
})

const mistakes: [what: string, files: Record<string, string>, said: string | RegExp][] = [
  ['a rule file that is no YAML', { 'rules/a.yml': 'groups: [' }, /^monitoring\/rules\/a\.yml cannot be used: .+/],
  ['an empty rule file', { 'rules/a.yml': '' }, 'monitoring/rules/a.yml cannot be used: it has no list of groups'],
  [
    'a group without rules',
    { 'rules/a.yaml': 'groups: [{ name: a }]' },
    'monitoring/rules/a.yaml cannot be used: each group needs a name and a list of rules',
  ],
  [
    'a rule without a name',
    { 'rules/a.yml': 'groups: [{ name: a, rules: [{ expr: up }] }]' },
    'monitoring/rules/a.yml cannot be used: a rule of the group "a" is neither an alert nor a record',
  ],
  [
    'a rule without an expression',
    { 'rules/a.yml': 'groups: [{ name: a, rules: [{ alert: A }] }]' },
    'monitoring/rules/a.yml cannot be used: the rule "A" has no expression',
  ],
  [
    'a rule whose expression does not parse',
    { 'rules/a.yml': rules.replace('== 0', '== == 0') },
    'monitoring/rules/a.yml cannot be used: the rule "Idle" does not parse near "== 0"',
  ],
  ['a dashboard that is no JSON', { 'dashboards/a.json': '{' }, /^monitoring\/dashboards\/a\.json cannot be used: .+/],
  [
    'a dashboard without panels',
    { 'dashboards/a.json': '{ "uid": "a", "title": "A" }' },
    'monitoring/dashboards/a.json cannot be used: a dashboard needs a title, a uid and panels',
  ],
  [
    'a dashboard with the uid of the generated one',
    { 'dashboards/a.json': JSON.stringify({ ...dashboard, uid: 'overview' }) },
    `monitoring/dashboards/a.json cannot be used: its uid "overview" is another dashboard's: Grafana would show one of the two`,
  ],
  [
    'a panel whose query does not parse, in a row',
    { 'dashboards/a.json': JSON.stringify({ ...dashboard, panels: [{ panels: [{ title: 'P', targets: [{ expr: 'rate(up' }] }] }] }) },
    'monitoring/dashboards/a.json cannot be used: the panel "P" does not parse near "its end"',
  ],
]
for (const [what, files, said] of mistakes) {
  test(`${what} is refused by its name`, async () => {
    const message = await refusal(files)
    if (typeof said === 'string') assert.is(message, said)
    else assert.match(message, said)
  })
}

if (has('promtool')) {
  test("promtool accepts the config with the project's own rules", async () => {
    await generated({ 'rules/team.yml': rules }, async (of, folder) => {
      writeFiles(folder, prometheusFiles(of))
      assert.match(await output('promtool', ['check', 'config', join(folder, 'prometheus.yml')]), 'valid prometheus config')
    })
  })
} else {
  console.log("promtool is not on the PATH: the project's own rules are checked by the grammar only.")
}

test.run()
