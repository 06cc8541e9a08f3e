/**
 * Loads a project's config, looks at its stage and plans a deploy; prints how many steps that has and what it cost. The
 * code and the SDK are loaded before.
 */

import { Clients } from '../../src/aws/clients.ts'
import { loadConfig } from '../../src/load-config.ts'
import { linesOf } from '../../src/release/plan/plan.ts'
import { planDeploy } from '../../src/release/plan/plan-deploy.ts'
import { lookForPlan } from '../../src/release/plan/work.ts'

await Promise.all(['ec2', 'ecr', 'iam', 'ssm'].map((service) => import(`@aws-sdk/client-${service}`)))
const before = process.cpuUsage()
const config = await loadConfig({ stage: 'bench' })
const clients = new Clients({ region: config.region })
const plan = planDeploy(await lookForPlan(clients, config, () => undefined, 'plan'))
const { user, system } = process.cpuUsage(before)
process.stdout.write(JSON.stringify({ steps: linesOf(plan.operations).length, cpu: (user + system) / 1e6 }))
