import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import { inspectOne } from './inspect.ts'
import { pairs } from './pairs.ts'
import { daemon } from './refusal.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { rows } from './template.ts'

/** `docker network …` */
export const network = {
  create(docker: Docker, call: EngineCall): number {
    const { values, rest } = parse('network create', call.args, { label: { type: 'string', multiple: true } }, [1, 1])
    call.out(`${docker.networks.create(rest[0]!, pairs(values.label ?? [])).id}\n`)
    return 0
  },

  ls(docker: Docker, call: EngineCall): number {
    const options = { quiet: { type: 'boolean', short: 'q' }, format: { type: 'string' } } as const
    const { values } = parse('network ls', call.args, options, [0, 0])
    const items = docker.networks
      .list()
      .map(({ id, name, driver }) => ({ ID: id.slice(0, 12), Name: name, Driver: driver, Scope: 'local' }))
    call.out(rows(values.quiet ? '{{.ID}}' : (values.format ?? 'table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}'), items))
    return 0
  },

  inspect: inspectOne('network'),

  rm(docker: Docker, call: EngineCall): number {
    const { values, rest } = parse('network rm', call.args, { force: { type: 'boolean', short: 'f' } }, [1])
    for (const name of rest) {
      const found = docker.networks.find(name)
      if (!found && values.force) continue
      const wanted = found ?? docker.networks.get(name)
      const user = docker.containers.list().find(({ record }) => record.host.network === name && record.state.status === 'running')
      if (user) throw daemon(`error while removing network: network ${name} has active endpoints (name:"${user.record.name}")`)
      docker.networks.remove(wanted)
      call.out(`${name}\n`)
    }
    return 0
  },
}
