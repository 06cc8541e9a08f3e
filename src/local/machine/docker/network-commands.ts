import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import { inspectOne } from './inspect.ts'
import { daemon } from './refusal.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { listFlags, rows } from './template.ts'

/** `docker network …` */
export const network = {
  create(docker: Docker, call: EngineCall): number {
    const { rest } = parse('network create', call.args, {}, [1, 1])
    call.out(`${docker.networks.create(rest[0]!).id}\n`)
    return 0
  },

  ls(docker: Docker, call: EngineCall): number {
    const { values } = parse('network ls', call.args, listFlags, [0, 0])
    const items = docker.networks.list().map(({ id, name, driver }) => ({ ID: id.slice(0, 12), Name: name, Driver: driver }))
    call.out(rows(items, values, { ID: 'NETWORK ID', Name: 'NAME', Driver: 'DRIVER' }))
    return 0
  },

  inspect: inspectOne('network'),

  rm(docker: Docker, call: EngineCall): number {
    for (const name of parse('network rm', call.args, {}, [1]).rest) {
      const wanted = docker.networks.get(name)
      const user = docker.containers.list().find(({ record }) => record.host.network === name && record.state.status === 'running')
      if (user) throw daemon(`error while removing network: network ${name} has active endpoints (name:"${user.record.name}")`)
      docker.networks.remove(wanted)
      call.out(`${name}\n`)
    }
    return 0
  },
}
