import { randomBytes } from 'node:crypto'
import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import { inspectOne } from './inspect.ts'
import { pairs } from './pairs.ts'
import { daemon } from './refusal.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { listFlags, rows } from './template.ts'

/** `docker volume …` */
export const volume = {
  create(docker: Docker, call: EngineCall): number {
    const { values, rest } = parse('volume create', call.args, { opt: { type: 'string', short: 'o', multiple: true } }, [0, 1])
    call.out(`${docker.volumes.create(rest[0] ?? randomBytes(32).toString('hex'), pairs(values.opt ?? [])).name}\n`)
    return 0
  },

  ls(docker: Docker, call: EngineCall): number {
    const { values } = parse('volume ls', call.args, listFlags, [0, 0])
    const items = docker.volumes.list().map(({ name }) => ({ Driver: 'local', Name: name }))
    call.out(rows(items, values, { Driver: 'DRIVER', Name: 'VOLUME NAME' }))
    return 0
  },

  inspect: inspectOne('volume'),

  rm(docker: Docker, call: EngineCall): number {
    for (const name of parse('volume rm', call.args, {}, [1]).rest) {
      const found = docker.volumes.find(name)
      if (!found) throw daemon(`get ${name}: no such volume`)
      const user = docker.containers.list().find(({ record }) => record.host.mounts.some((mount) => mount.name === name))
      if (user) throw daemon(`remove ${name}: volume is in use - [${user.record.id}]`)
      docker.volumes.remove(found)
      call.out(`${name}\n`)
    }
    return 0
  },
}
