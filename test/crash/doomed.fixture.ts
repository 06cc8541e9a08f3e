/**
 * A process that runs one verb and is killed while it does. It loads everything first and then waits for its order, so
 * that several can be kept ready.
 */
import { type Order, runDeploy, runDestroy, type Verb } from '../support/verbs.ts'

// What a verb loads at its first use is loaded now.
await Promise.all(['ec2', 'ecr', 'iam', 'ssm'].map((service) => import(`@aws-sdk/client-${service}`)))

process.once('message', ({ verb, order }: { verb: Verb; order: Order }) => {
  const run: Promise<unknown> = verb === 'deploy' ? runDeploy(order) : runDestroy(order)
  run.then(
    () => process.exit(0),
    (error: Error) => process.send?.(String(error.stack), () => process.exit(1)),
  )
})
process.once('disconnect', () => process.exit(2))
process.send?.('ready')
