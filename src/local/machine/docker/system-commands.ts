import { type Docker, version as dockerVersion } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import { expect, parse } from './flags.ts'
import { fill } from './template.ts'

/** `docker version`. */
export function version(_: Docker, call: EngineCall): number {
  const flags = parse('version', call.args, { format: 'value' }, { f: 'format' })
  expect('version', flags, 0, 0)
  const side = {
    Version: dockerVersion,
    ApiVersion: '1.50',
    Os: 'linux',
    Arch: process.arch === 'arm64' ? 'arm64' : 'amd64',
    Stand: 'stand-in',
  }
  const text =
    flags.value('format') ?? 'Client:\n Version: {{.Client.Version}}\n\nServer: stand-in\n Engine:\n  Version: {{.Server.Version}}'
  call.out(`${fill(text === 'json' ? '{{json .}}' : text, { Client: side, Server: side })}\n`)
  return 0
}

/** `docker info`. */
export function info(docker: Docker, call: EngineCall): number {
  const flags = parse('info', call.args, { format: 'value' }, { f: 'format' })
  expect('info', flags, 0, 0)
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
    ServerVersion: dockerVersion,
    DockerRootDir: docker.folder.docker,
  }
  const format = flags.value('format')
  const lines = Object.entries(facts).map(([name, value]) => ` ${name}: ${value}\n`)
  call.out(format === undefined ? `Server:\n${lines.join('')}` : `${fill(format === 'json' ? '{{json .}}' : format, facts)}\n`)
  return 0
}
