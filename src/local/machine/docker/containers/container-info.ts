import type { Docker } from '../docker.ts'
import type { ContainerRecord } from './container-record.ts'

/** A container as `docker inspect` shows it. */
export function containerInfo(docker: Docker, record: ContainerRecord) {
  const { id, name, host, state } = record
  const address = docker.settings.privateAddress
  const ports = Object.fromEntries(host.ports.map(({ port }) => [`${port}/tcp`, [{ HostIp: address, HostPort: String(port) }]]))
  return {
    Id: id,
    Created: record.created,
    State: {
      Status: state.status,
      Running: state.status === 'running' || state.status === 'restarting',
      Restarting: state.status === 'restarting',
      OOMKilled: state.oomKilled,
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: state.startedAt,
      FinishedAt: state.finishedAt,
    },
    Image: record.imageId,
    Name: `/${name}`,
    RestartCount: record.restartCount,
    HostConfig: {
      NetworkMode: host.network,
      RestartPolicy: { Name: host.restart.name },
      ReadonlyRootfs: host.readOnly,
      Memory: host.memory,
      MemorySwap: host.memorySwap,
      PidsLimit: host.pidsLimit,
      CapDrop: host.capDrop,
      CapAdd: host.capAdd,
      SecurityOpt: host.securityOpt,
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
    },
    NetworkSettings: {
      IPAddress: address,
      Ports: ports,
      Networks: { [host.network]: { IPAddress: address } },
    },
  }
}
