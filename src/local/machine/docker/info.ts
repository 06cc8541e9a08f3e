import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { fill } from './template.ts'

/** The level of docker whose words and formats the stand-in has. */
const version = '28.2.2'

/** `docker info`. */
export function info(docker: Docker, call: EngineCall): number {
  const { values } = parse('info', call.args, { format: { type: 'string', short: 'f' } }, [0, 0])
  const containers = docker.containers.list().map(({ record }) => record.state.status)
  const facts = {
    ID: docker.settings.instanceId,
    Containers: containers.length,
    ContainersRunning: containers.filter((status) => status === 'running').length,
    ContainersStopped: containers.filter((status) => status === 'exited').length,
    Images: docker.images.list().length,
    Driver: 'stand-in',
    LoggingDriver: 'json-file',
    OperatingSystem: 'Amazon Linux 2023',
    OSType: 'linux',
    Architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    ServerVersion: version,
    DockerRootDir: docker.folder.docker,
  }
  const { format } = values
  const lines = Object.entries(facts).map(([name, value]) => ` ${name}: ${value}\n`)
  call.out(format === undefined ? `Server:\n${lines.join('')}` : `${fill(format === 'json' ? '{{json .}}' : format, facts)}\n`)
  return 0
}
