import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Docker } from '../docker.ts'
import { pairs } from '../pairs.ts'
import { daemon, Refusal } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import type { Mount } from './container-record.ts'
import { containerFolder } from './containers.ts'

/** What `--mount`, `-v` and `--tmpfs` say. */
interface Asked {
  readonly mount: readonly string[]
  readonly volume: readonly string[]
  readonly tmpfs: readonly string[]
}

/**
 * The mounts that a command line asks for.
 *
 * @param id the container's
 * @throws Refusal with exit code 125 for what docker would not take
 */
export function mounts(docker: Docker, call: EngineCall, asked: Asked, id: string): Mount[] {
  const tmpfs = (target: string): Mount => {
    const source = join(containerFolder(docker.folder, id), 'tmpfs', target.replaceAll('/', '_'))
    return { type: 'tmpfs', target, source, readOnly: false }
  }
  const volume = (name: string, target: string, readOnly: boolean): Mount => {
    return { type: 'volume', name, target, readOnly, source: docker.volumes.create(name).folder }
  }
  const bind = (source: string, target: string, readOnly: boolean): Mount => {
    return { type: 'bind', target, readOnly, source: resolve(call.cwd, source) }
  }
  const short = (text: string): Mount => {
    const [source = '', target = '', options = ''] = text.split(':')
    if (!target.startsWith('/')) throw new Refusal(`invalid volume specification: '${text}'`, 125)
    if (!['', 'ro', 'rw'].includes(options)) throw new Refusal(`invalid mode: ${options}`, 125)
    const readOnly = options === 'ro'
    if (!/[/.]/.test(source[0] ?? '')) return volume(source, target, readOnly)
    const found = bind(source, target, readOnly)
    if (!existsSync(found.source)) mkdirSync(found.source, { recursive: true })
    return found
  }
  const long = (text: string): Mount => {
    const options = pairs(text.split(','))
    const { type = 'volume', source = options.src ?? '', target = options.destination ?? options.dst ?? '' } = options
    const known = ['type', 'source', 'src', 'target', 'destination', 'dst', 'readonly', 'ro']
    const unknown = Object.keys(options).find((name) => !known.includes(name))
    if (unknown) throw new Refusal(`invalid argument "${text}" for "--mount" flag: unexpected key '${unknown}'`, 125)
    if (!target.startsWith('/')) throw new Refusal(`invalid argument "${text}" for "--mount" flag: target is required`, 125)
    const readOnly = ['readonly', 'ro'].some((name) => name in options && options[name] !== 'false')
    if (type === 'volume') return volume(source || randomBytes(32).toString('hex'), target, readOnly)
    if (type !== 'bind') throw new Refusal(`invalid argument "${text}" for "--mount" flag: mount type ${type} is not known`, 125)
    const found = bind(source, target, readOnly)
    if (!existsSync(found.source))
      throw daemon(`invalid mount config for type "bind": bind source path does not exist: ${found.source}`, 125)
    return found
  }
  return [...asked.mount.map(long), ...asked.volume.map(short), ...asked.tmpfs.map((text) => tmpfs(text.split(':')[0]!))]
}
