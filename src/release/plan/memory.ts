import type { Config } from '../../../config/config.ts'
import { monitoringServers } from '../../../monitoring/index.ts'
import type { Clients } from '../../aws/clients.ts'
import type { MachineType } from '../../aws/resources/machine-type.ts'
import { smallestType } from '../../aws/resources/smallest-type.ts'
import { exit, Failure } from '../../report/failure.ts'
import { secretsAgentMiB } from '../launch/docker-run.ts'
import type { Recipes } from '../launch/images.ts'

/** What the container engine, its shims and the agent of Systems Manager take, in MiB: 200 on Amazon Linux 2023. */
const engineMiB = 200

/**
 * What the kernel keeps of a machine's memory, in MiB: what its programs never see of it. Kernel logs of small machines
 * with Amazon Linux show 53 of 470 MiB reserved on a t3.nano and about 920 of 1024 left on a t3.micro; this line lies
 * just above both.
 */
function kernelMiB(memoryMiB: number): number {
  return 80 + Math.ceil(memoryMiB / 32)
}

/** What containers may take together on a machine, in MiB. */
export function containersMiB(memoryMiB: number, swapMiB: number): number {
  return memoryMiB - kernelMiB(memoryMiB) - engineMiB + swapMiB
}

/** A container that a release launches, and its limit. */
interface Limit {
  readonly name: string
  readonly memoryMiB: number
}

/** The limits of all containers that a release launches, the largest first. */
export function limitsOf(config: Config, { recipes }: Pick<Recipes, 'recipes'>): Limit[] {
  const known = [...config.services, ...monitoringServers(config), { name: 'secrets', memoryMiB: secretsAgentMiB }]
  const launched = known.filter(({ name }) => recipes.some((recipe) => recipe.name === name))
  return launched.map(({ name, memoryMiB }) => ({ name, memoryMiB })).toSorted((a, b) => b.memoryMiB - a.memoryMiB)
}

/**
 * Makes sure that every type that the config names has memory for all containers at their limits. On one that has not,
 * the kernel would end whatever is largest just then.
 *
 * @throws Failure (exit code `usage`) with the sum, the largest containers, and the smallest type of the family that
 *   has enough
 */
export async function refuseTooSmall(
  clients: Clients,
  config: Config,
  recipes: Recipes,
  { facts }: Pick<MachineType, 'facts'>,
): Promise<void> {
  const { type, swapMiB } = config.instance
  const limits = limitsOf(config, recipes)
  const sum = limits.reduce((total, { memoryMiB }) => total + memoryMiB, 0)
  const fits = (memoryMiB: number) => sum <= containersMiB(memoryMiB, swapMiB)
  const small = facts.find(({ memoryMiB }) => !fits(memoryMiB))
  if (!small) return
  const { name, memoryMiB } = small
  const free = Math.max(containersMiB(memoryMiB, swapMiB), 0)
  const [family = ''] = name.split('.')
  const better = await smallestType(clients, family, fits)
  const key = name === type ? 'instance.type' : 'instance.fallbackTypes'
  const largest = limits.slice(0, 3).map((limit) => `${limit.name} ${limit.memoryMiB}`)
  const kept = `Of its ${memoryMiB} MiB the kernel keeps ${kernelMiB(memoryMiB)}, container engine and agent ${engineMiB}${swapMiB > 0 ? `; ${swapMiB} of swap come on top` : ''}.`
  throw new Failure(`${name} is too small: the containers' limits are ${sum} MiB together, and ${free} are left for them`, {
    on: `${key} in the config`,
    likely: `${kept} The largest limits: ${largest.join(', ')}.`,
    next: better
      ? `Name ${better} in ${key}, the smallest ${family} that fits, or lower memoryMiB, or add instance.swapMiB.`
      : `No ${family} is large enough: name a type of another family in ${key}, or lower memoryMiB.`,
    code: exit.usage,
  })
}
