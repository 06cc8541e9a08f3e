import { randomBytes } from 'node:crypto'
import type { Docker } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import { expect, parse } from './flags.ts'
import type { Network } from './networks.ts'
import { pairs } from './pairs.ts'
import { daemon, Refusal } from './refusal.ts'
import { fill, rows } from './template.ts'
import type { Volume } from './volumes.ts'

/** `docker network …` */
export const network: Record<string, (docker: Docker, call: EngineCall) => number> = {
  create(docker, call) {
    const flags = parse('network create', call.args, { label: 'list', driver: 'value' }, { d: 'driver' })
    expect('network create', flags, 1, 1)
    const driver = flags.value('driver') ?? 'bridge'
    if (driver !== 'bridge') throw daemon(`plugin "${driver}" not found`)
    call.out(`${docker.networks.create(flags.rest[0]!, pairs(flags.list('label'))).id}\n`)
    return 0
  },

  ls(docker, call) {
    const flags = parse('network ls', call.args, { quiet: 'flag', format: 'value' }, { q: 'quiet' })
    expect('network ls', flags, 0, 0)
    const items = docker.networks
      .list()
      .map(({ id, name, driver }) => ({ ID: id.slice(0, 12), Name: name, Driver: driver, Scope: 'local' }))
    const format = flags.has('quiet') ? '{{.ID}}' : (flags.value('format') ?? 'table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}')
    call.out(rows(format, items))
    return 0
  },

  inspect: (docker, call) => inspected(call, 'network', (name) => networkInfo(docker, docker.networks.get(name))),

  rm(docker, call) {
    const flags = parse('network rm', call.args, { force: 'flag' }, { f: 'force' })
    expect('network rm', flags, 1)
    for (const name of flags.rest) {
      const found = docker.networks.list().find((each) => each.name === name)
      if (!found && flags.has('force')) continue
      const wanted = found ?? docker.networks.get(name)
      const user = docker.containers.list().find(({ record }) => record.host.network === name && record.state.status === 'running')
      if (user) throw daemon(`error while removing network: network ${name} has active endpoints (name:"${user.record.name}")`)
      docker.networks.remove(wanted)
      call.out(`${name}\n`)
    }
    return 0
  },
}

/** `docker volume …` */
export const volume: Record<string, (docker: Docker, call: EngineCall) => number> = {
  create(docker, call) {
    const flags = parse('volume create', call.args, { label: 'list', driver: 'value', opt: 'list' }, { d: 'driver', o: 'opt' })
    expect('volume create', flags, 0, 1)
    const driver = flags.value('driver') ?? 'local'
    if (driver !== 'local') throw daemon(`plugin "${driver}" not found`)
    const name = flags.rest[0] ?? randomBytes(32).toString('hex')
    call.out(`${docker.volumes.create(name, pairs(flags.list('label')), pairs(flags.list('opt'))).name}\n`)
    return 0
  },

  ls(docker, call) {
    const flags = parse('volume ls', call.args, { quiet: 'flag', format: 'value' }, { q: 'quiet' })
    expect('volume ls', flags, 0, 0)
    const items = docker.volumes.list().map(({ name }) => ({ Driver: 'local', Name: name, Scope: 'local' }))
    call.out(rows(flags.has('quiet') ? '{{.Name}}' : (flags.value('format') ?? 'table {{.Driver}}\t{{.Name}}'), items))
    return 0
  },

  inspect: (docker, call) =>
    inspected(call, 'volume', (name) => {
      const found = docker.volumes.find(name)
      if (!found) throw daemon(`get ${name}: no such volume`)
      return volumeInfo(found)
    }),

  rm(docker, call) {
    const flags = parse('volume rm', call.args, { force: 'flag' }, { f: 'force' })
    expect('volume rm', flags, 1)
    for (const name of flags.rest) {
      const found = docker.volumes.find(name)
      if (!found && flags.has('force')) continue
      if (!found) throw daemon(`get ${name}: no such volume`)
      const user = docker.containers.list().find(({ record }) => record.host.mounts.some((mount) => mount.name === name))
      if (user) throw daemon(`remove ${name}: volume is in use - [${user.record.id}]`)
      docker.volumes.remove(found)
      call.out(`${name}\n`)
    }
    return 0
  },
}

function inspected(call: EngineCall, kind: string, look: (name: string) => unknown): number {
  const flags = parse(`${kind} inspect`, call.args, { format: 'value' }, { f: 'format' })
  expect(`${kind} inspect`, flags, 1)
  const format = flags.value('format')
  const errors: string[] = []
  const found = flags.rest.flatMap((name) => {
    try {
      return [look(name)]
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      errors.push(error.message)
      return []
    }
  })
  call.out(format === undefined ? `${JSON.stringify(found, null, 4)}\n` : found.map((each) => `${fill(format, each)}\n`).join(''))
  for (const error of errors) call.err(`${error}\n`)
  return errors.length > 0 ? 1 : 0
}

/** A network as `docker network inspect` shows it. */
export function networkInfo(docker: Docker, { id, name, driver, labels, created }: Network) {
  const members = docker.containers.list().filter(({ record }) => record.host.network === name && record.state.status === 'running')
  return {
    Name: name,
    Id: id,
    Created: created,
    Scope: 'local',
    Driver: driver,
    Internal: false,
    Containers: Object.fromEntries(
      members.map(({ record }) => [record.id, { Name: record.name, IPv4Address: docker.settings.privateAddress }]),
    ),
    Labels: labels,
  }
}

/** A volume as `docker volume inspect` shows it. */
export function volumeInfo({ name, labels, options, created, folder }: Volume) {
  return {
    CreatedAt: created,
    Driver: 'local',
    Labels: labels,
    Mountpoint: folder,
    Name: name,
    Options: Object.keys(options).length > 0 ? options : null,
    Scope: 'local',
  }
}
