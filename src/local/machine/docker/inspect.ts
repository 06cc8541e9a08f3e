import { containerInfo } from './containers/container-info.ts'
import type { Docker } from './docker.ts'
import { parse } from './flags.ts'
import type { LocalImage } from './images/images.ts'
import type { Network } from './networks.ts'
import type { EngineCall } from './socket/engine-call.ts'
import { fill } from './template.ts'
import type { Volume } from './volumes.ts'

/** How each kind of thing is found and shown, in the order in which docker looks for a name. */
const looks = {
  container: (docker: Docker, name: string) => shownAs(docker.containers.find(name), ({ record }) => containerInfo(docker, record)),
  image: (docker: Docker, name: string) => shownAs(docker.images.find(name), imageInfo),
  network: (docker: Docker, name: string) => shownAs(docker.networks.find(name), (network) => networkInfo(docker, network)),
  volume: (docker: Docker, name: string) => shownAs(docker.volumes.find(name), volumeInfo),
}

function shownAs<T>(found: T | undefined, info: (found: T) => object): object | undefined {
  return found && info(found)
}

/** `docker inspect`: a container, else an image, a network or a volume of that name. */
export const inspect = inspectOne(undefined)

/** `docker network inspect`, `docker volume inspect`: what has that type. */
export function inspectOne(type: 'network' | 'volume' | undefined) {
  return (docker: Docker, call: EngineCall): number => show(type === undefined ? 'inspect' : `${type} inspect`, docker, call, type)
}

function show(command: string, docker: Docker, call: EngineCall, type: keyof typeof looks | undefined): number {
  const { values, rest } = parse(command, call.args, { format: { type: 'string', short: 'f' } }, [1])
  const kinds = type === undefined ? Object.values(looks) : [looks[type]]
  const found = rest.map((name) => kinds.map((look) => look(docker, name)).find((each) => each !== undefined))
  const shown = found.filter((each) => each !== undefined)
  const { format } = values
  call.out(format === undefined ? `${JSON.stringify(shown, null, 4)}\n` : shown.map((each) => `${fill(format, each)}\n`).join(''))
  const missing = rest.filter((_name, index) => found[index] === undefined)
  for (const name of missing) call.err(`Error: No such ${type ?? 'object'}: ${name}\n`)
  return missing.length > 0 ? 1 : 0
}

function imageInfo({ id, tags, digests, layers, config, created, size, architecture }: LocalImage) {
  const RootFS = { Type: 'layers', Layers: layers }
  return { Id: id, RepoTags: tags, RepoDigests: digests, Created: created, Config: config, Architecture: architecture, Size: size, RootFS }
}

function networkInfo(docker: Docker, { id, name, driver, created }: Network) {
  const members = docker.containers.list().filter(({ record }) => record.host.network === name && record.state.status === 'running')
  const entries = members.map(({ record }) => [record.id, { Name: record.name, IPv4Address: docker.settings.privateAddress }])
  return { Name: name, Id: id, Created: created, Driver: driver, Containers: Object.fromEntries(entries) }
}

function volumeInfo({ name, options, created, folder }: Volume) {
  const Options = Object.keys(options).length > 0 ? options : null
  return { CreatedAt: created, Driver: 'local', Mountpoint: folder, Name: name, Options }
}
