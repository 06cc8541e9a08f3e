import { Failure } from '../../../report/failure.ts'
import { withFile } from '../../files/full-disk.ts'
import type { Engine } from '../engine.ts'
import type { InstanceFolder, Settings } from '../folder.ts'
import { bootSwap } from '../memory/swap.ts'
import { watchMemory } from '../memory/watch.ts'
import { dispatch } from './commands.ts'
import { openDocker } from './docker.ts'
import { Refusal } from './refusal.ts'
import { listenForCalls } from './socket/calls.ts'
import type { EngineCall } from './socket/engine-call.ts'

/**
 * The stand-in for a container engine: it runs an image's entrypoint as a plain process and needs nothing but Node.
 *
 * @throws Error when another machine process has this folder already
 */
export async function startStandIn(folder: InstanceFolder, settings: Settings): Promise<Engine> {
  const docker = openDocker(folder, settings)
  await listenForCalls(folder, async (call) => {
    try {
      call.exit(await (call.program === 'docker' ? dispatch(docker, call) : docker.ecrLogin.answer(call)))
    } catch (error) {
      const runs = call.args[0] === 'run'
      call.err(`${runs || error instanceof Failure ? 'docker: ' : ''}${said(withFile(folder.docker, error), call)}\n`)
      const code = error instanceof Refusal ? error.code : 1
      // `docker run` keeps the codes below 125 for the container's own.
      call.exit(code === 1 && runs ? 125 : code)
    }
  })
  void watchMemory(folder, settings, docker.containers)
  return {
    boot: () => {
      bootSwap(folder)
      docker.volumes.boot()
      return docker.containers.boot()
    },
    powerOff: () => docker.containers.powerOff(),
  }
}

/** A refusal in docker's words; a bug of ours with its stack, in the machine's log too. */
function said(error: unknown, { args }: EngineCall): string {
  if (error instanceof Refusal || error instanceof Failure) return error.message
  console.error(`docker ${args[0]}:`, error)
  return `Error response from daemon: ${error instanceof Error ? error.stack : error}`
}
