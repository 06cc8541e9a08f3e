import type { Docker } from '../docker.ts'
import type { ContainerRecord } from './container-record.ts'
import { containerFolder } from './containers.ts'

/** A container as `docker inspect` shows it. */
export function containerInfo(docker: Docker, record: ContainerRecord) {
  const { id, name, host, state } = record
  const address = docker.settings.privateAddress
  const ports = Object.fromEntries(host.ports.map(({ port }) => [`${port}/tcp`, [{ HostIp: address, HostPort: String(port) }]]))
  const [path = '', ...args] = [...record.entrypoint, ...record.cmd]
  return {
    Id: id,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: state.status,
      Running: state.status === 'running' || state.status === 'restarting',
      Paused: false,
      Restarting: state.status === 'restarting',
      // Memory limits are not enforced here, so nothing is ever killed for them.
      OOMKilled: false,
      Dead: false,
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: state.startedAt,
      FinishedAt: state.finishedAt,
    },
    Image: record.imageId,
    LogPath: `${containerFolder(docker.folder, id)}/container.log`,
    Name: `/${name}`,
    RestartCount: record.restartCount,
    Driver: 'stand-in',
    Platform: 'linux',
    HostConfig: {
      NetworkMode: host.network,
      PortBindings: ports,
      RestartPolicy: { Name: host.restart.name, MaximumRetryCount: host.restart.most },
      AutoRemove: host.autoRemove,
      ReadonlyRootfs: host.readOnly,
      Memory: host.memory,
      NanoCpus: Math.round(host.cpus * 1e9),
      PidsLimit: host.pidsLimit,
      CapDrop: host.capDrop,
      CapAdd: host.capAdd,
      SecurityOpt: host.securityOpt,
      Init: host.init,
      LogConfig: {
        Type: 'json-file',
        Config: { ...(host.maxSize && { 'max-size': String(host.maxSize) }), ...(host.maxFile && { 'max-file': String(host.maxFile) }) },
      },
    },
    Mounts: host.mounts.map(({ type, name: volume, source, target, readOnly }) => ({
      Type: type,
      Name: volume ?? '',
      Source: source,
      Destination: target,
      RW: !readOnly,
    })),
    Config: {
      Hostname: record.hostname,
      User: record.user,
      Env: Object.entries(record.env).map(([key, value]) => `${key}=${value}`),
      Cmd: record.cmd,
      Image: record.image,
      WorkingDir: record.workingDir,
      Entrypoint: record.entrypoint,
      Labels: record.labels,
      StopSignal: record.stopSignal,
      StopTimeout: record.stopTimeout,
    },
    NetworkSettings: {
      IPAddress: address,
      Ports: ports,
      Networks: { [host.network]: { IPAddress: address, Aliases: host.aliases } },
    },
  }
}
