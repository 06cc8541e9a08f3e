import * as container from './container-commands.ts'
import type { Docker } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import * as image from './image-commands.ts'
import { network, volume } from './network-commands.ts'
import { Refusal } from './refusal.ts'
import { create, exec, run } from './run.ts'
import { info, version } from './system-commands.ts'

type Command = (docker: Docker, call: EngineCall) => number | Promise<number>

/** The subcommands that the stand-in has; docker groups some of them under a word and has short names for those. */
const commands: Record<string, Command | Record<string, Command>> = {
  ...{ run, create, exec, version, info },
  ...{ ps: container.ps, inspect: container.inspect, logs: container.logs, rm: container.remove, wait: container.wait },
  ...{ start: container.start, stop: container.stop, restart: container.restart, kill: container.kill },
  ...{ pull: image.pull, images: image.listImages, rmi: image.removeImages, login: image.login },
  container: {
    ...{
      run,
      create,
      exec,
      ls: container.ps,
      inspect: container.inspect,
      logs: container.logs,
      rm: container.remove,
      wait: container.wait,
    },
    ...{ start: container.start, stop: container.stop, restart: container.restart, kill: container.kill },
  },
  image: { pull: image.pull, ls: image.listImages, rm: image.removeImages, inspect: image.inspectImages, prune: image.pruneImages },
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
