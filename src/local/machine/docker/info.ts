import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { fill } from './template.ts'

/** `docker info`; the version is the level of docker whose words and formats the stand-in has. */
export function info(docker: Docker, call: EngineCall): number {
  const { values } = parse('info', call.args, { format: { type: 'string', short: 'f' } }, [0, 0])
  const facts = {
    ID: docker.settings.instanceId,
    Containers: docker.containers.list().length,
    Images: docker.images.list().length,
    Driver: 'stand-in',
    ServerVersion: '28.2.2',
    DockerRootDir: docker.folder.docker,
  }
  const lines = Object.entries(facts).map(([name, value]) => ` ${name}: ${value}\n`)
  call.out(values.format === undefined ? `Server:\n${lines.join('')}` : `${fill(values.format, facts)}\n`)
  return 0
}
