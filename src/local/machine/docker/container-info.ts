import type { ContainerRecord } from './container-record.ts'
import { containerFolder } from './containers.ts'
import type { Docker } from './docker.ts'
import { daemon } from './refusal.ts'

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
      ExtraHosts: host.extraHosts,
      LogConfig: {
        Type: 'json-file',
        Config: { ...(host.maxSize && { 'max-size': String(host.maxSize) }), ...(host.maxFile && { 'max-file': String(host.maxFile) }) },
      },
    },
    Mounts: host.mounts.map(({ type, name: volume, source, target, readOnly }) => ({
      ...{ Type: type, Name: volume ?? '', Source: source, Destination: target, RW: !readOnly },
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

/** A container as a line of `docker ps`. */
export function containerRow(record: ContainerRecord, whole: boolean) {
  const { state, host } = record
  const command = [...record.entrypoint, ...record.cmd].join(' ')
  return {
    ID: whole ? record.id : record.id.slice(0, 12),
    Names: record.name,
    Image: record.image,
    Command: JSON.stringify(whole || command.length <= 20 ? command : `${command.slice(0, 19)}…`),
    CreatedAt: record.created,
    RunningFor: `${span(record.created)} ago`,
    Status: status(state),
    State: state.status,
    Ports: host.ports.map(({ host: address, port }) => `${address || '0.0.0.0'}:${port}->${port}/tcp`).join(', '),
    Labels: Object.entries(record.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Mounts: host.mounts.map(({ name, source }) => name ?? source).join(','),
    Networks: host.network,
    Size: '0B',
  }
}

function status({ status, exitCode, startedAt, finishedAt }: ContainerRecord['state']): string {
  if (status === 'created') return 'Created'
  if (status === 'running') return `Up ${span(startedAt)}`
  if (status === 'restarting') return `Restarting (${exitCode}) ${span(finishedAt)} ago`
  return `Exited (${exitCode}) ${span(finishedAt)} ago`
}

/** A duration in docker's words. */
function span(since: string): string {
  const seconds = Math.floor((Date.now() - Date.parse(since)) / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds < 2) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  if (seconds < 120) return 'About a minute'
  if (seconds < 3600) return `${Math.floor(seconds / 60)} minutes`
  if (seconds < 7200) return 'About an hour'
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} hours` : `${Math.floor(seconds / 86_400)} days`
}

/** Whether a container passes the filters of `docker ps`: those of one key are alternatives, but for labels. */
export function matches(record: ContainerRecord, filters: readonly string[]): boolean {
  const tests: Record<string, (value: string) => boolean> = {
    name: (value) => new RegExp(value).test(record.name) || new RegExp(value).test(`/${record.name}`),
    id: (value) => record.id.startsWith(value),
    status: (value) => record.state.status === value,
    ancestor: (value) => record.image === value || record.imageId === value,
    network: (value) => record.host.network === value,
    volume: (value) => record.host.mounts.some(({ name, target }) => name === value || target === value),
    label: (value) => {
      const [key = '', wanted] = value.split(/=(.*)/s)
      return Object.hasOwn(record.labels, key) && (wanted === undefined || record.labels[key] === wanted)
    },
  }
  const byKey = Map.groupBy(filters, (filter) => filter.split('=')[0]!)
  return [...byKey].every(([key, group]) => {
    const test = Object.hasOwn(tests, key) ? tests[key] : undefined
    if (!test) throw daemon(`invalid filter '${key}'`)
    const results = group.map((filter) => test(filter.slice(key.length + 1)))
    return key === 'label' ? results.every(Boolean) : results.some(Boolean)
  })
}
