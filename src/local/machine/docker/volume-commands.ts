import { randomBytes } from 'node:crypto'
import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import { inspectOne } from './inspect.ts'
import { pairs } from './pairs.ts'
import { daemon } from './refusal.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { rows } from './template.ts'

/** `docker volume …` */
export const volume = {
  create(docker: Docker, call: EngineCall): number {
    const options = { label: { type: 'string', multiple: true }, opt: { type: 'string', short: 'o', multiple: true } } as const
    const { values, rest } = parse('volume create', call.args, options, [0, 1])
    const name = rest[0] ?? randomBytes(32).toString('hex')
    call.out(`${docker.volumes.create(name, pairs(values.label ?? []), pairs(values.opt ?? [])).name}\n`)
    return 0
  },

  ls(docker: Docker, call: EngineCall): number {
    const options = { quiet: { type: 'boolean', short: 'q' }, format: { type: 'string' } } as const
    const { values } = parse('volume ls', call.args, options, [0, 0])
    const items = docker.volumes.list().map(({ name }) => ({ Driver: 'local', Name: name, Scope: 'local' }))
    call.out(rows(values.quiet ? '{{.Name}}' : (values.format ?? 'table {{.Driver}}\t{{.Name}}'), items))
    return 0
  },

  inspect: inspectOne('volume'),

  rm(docker: Docker, call: EngineCall): number {
    const { values, rest } = parse('volume rm', call.args, { force: { type: 'boolean', short: 'f' } }, [1])
    for (const name of rest) {
      const found = docker.volumes.find(name)
      if (!found && values.force) continue
      if (!found) throw daemon(`get ${name}: no such volume`)
      const user = docker.containers.list().find(({ record }) => record.host.mounts.some((mount) => mount.name === name))
      if (user) throw daemon(`remove ${name}: volume is in use - [${user.record.id}]`)
      docker.volumes.remove(found)
      call.out(`${name}\n`)
    }
    return 0
  },
}
