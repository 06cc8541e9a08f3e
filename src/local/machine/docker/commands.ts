import * as container from './containers/container-commands.ts'
import { events } from './containers/events.ts'
import { exec, run } from './containers/run.ts'
import type { Docker } from './docker.ts'
import * as image from './images/image-commands.ts'
import { info } from './info.ts'
import { inspect } from './inspect.ts'
import { network } from './network-commands.ts'
import { Refusal } from './refusal.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { volume } from './volume-commands.ts'

type Command = (docker: Docker, call: EngineCall) => number | Promise<number>

/**
 * The subcommands that the stand-in has: what a launch needs, and what helps a person who looks around or tidies up.
 */
const commands: Record<string, Command | Record<string, Command>> = {
  run,
  exec,
  events,
  inspect,
  info,
  ...container,
  ...image,
  network,
  volume,
}

/**
 * Carries out one `docker` command.
 *
 * @returns its exit code
 * @throws Refusal with 125 for a subcommand that the stand-in does not have
 */
export async function dispatch(docker: Docker, call: EngineCall): Promise<number> {
  const [first = '', second = '', ...rest] = call.args
  const found = Object.hasOwn(commands, first) ? commands[first] : undefined
  if (typeof found === 'function') return found(docker, { ...call, args: call.args.slice(1) })
  const inner = found && Object.hasOwn(found, second) ? found[second] : undefined
  if (inner) return inner(docker, { ...call, args: rest })
  const name = found ? `${first} ${second}` : first
  throw new Refusal(`docker: unknown command: docker ${name.trim()} (the stand-in for docker does not know it)`, 125)
}
