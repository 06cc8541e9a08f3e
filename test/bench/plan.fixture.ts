/** Loads a project's config, looks at its stage and plans a deploy; prints how many steps that has and what it cost. The code and the SDK are loaded before. */
import { loadConfig } from '../../config/load.ts'
import { Clients } from '../../src/aws/clients.ts'
import { recipesOf } from '../../src/release/images.ts'
import { planDeploy } from '../../src/release/plan.ts'
import { roomFor } from '../../src/release/room.ts'
import { lookAt } from '../../src/release/situation.ts'

await Promise.all(['ec2', 'ecr', 'iam', 'ssm'].map((service) => import(`@aws-sdk/client-${service}`)))
const before = process.cpuUsage()
const config = await loadConfig({ stage: 'bench' })
const clients = new Clients({ region: config.region })
const situation = await lookAt(clients, config)
const plan = planDeploy(config, recipesOf(config), situation, await roomFor(clients, situation))
const { user, system } = process.cpuUsage(before)
process.stdout.write(JSON.stringify({ steps: plan.steps.length, cpu: (user + system) / 1e6 }))
