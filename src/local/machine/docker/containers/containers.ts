import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { whyTaken } from '../../../api/listen.ts'
import { readWhole } from '../../../files/whole.ts'
import { machineEnvironment } from '../../environment.ts'
import type { InstanceFolder, Settings } from '../../folder.ts'
import { marker, networkMarker } from '../../process-table.ts'
import type { Images, LocalImage } from '../images/images.ts'
import { inside } from '../images/jail.ts'
import { predefined } from '../networks.ts'
import { daemon } from '../refusal.ts'
import type { Program } from '../socket/frames.ts'
import type { Volumes } from '../volumes.ts'
import { type Attached, type Container, openContainer } from './container.ts'
import type { ContainerRecord } from './container-record.ts'
import { locate, translate, translateList, type View } from './path-map.ts'
import { mergeLayers, mount } from './rootfs.ts'

/** That a process of a container was ended for its memory. */
export interface OomEvent {
  /** In ms since the epoch. */
  readonly at: number
  readonly record: ContainerRecord
}

/** How many of its events docker keeps, in memory. */
const keptEvents = 256

/** All containers of an instance. */
export type Containers = ReturnType<typeof openContainers>

/** Where a container's own folder and its tmpfs mounts lie. */
export function containerFolder(folder: InstanceFolder, id: string): string {
  return join(folder.docker, 'containers', id)
}

export function openContainers(folder: InstanceFolder, settings: Settings, images: Images, volumes: Volumes) {
  const root = join(folder.docker, 'containers')
  const containers = new Map<string, Container>()
  const oomEvents: OomEvent[] = []
  const at = (id: string) => containerFolder(folder, id)
  const removeFolder = (id: string) => rmSync(at(id), { recursive: true, force: true })
  const open = (record: ContainerRecord) => {
    const container = openContainer(at(record.id), record, (now) => program(now, [...now.entrypoint, ...now.cmd]))
    containers.set(record.id, container)
    return container
  }
  for (const id of existsSync(root) ? readdirSync(root) : []) {
    const record = readWhole<ContainerRecord>(join(at(id), 'container.json'))
    if (record) open(record)
    // Its creation was cut short: nobody was told of it.
    else removeFolder(id)
  }

  const view = ({ id, host }: ContainerRecord): View => {
    const records = [...containers.values()].map(({ record }) => record)
    const neighbours = records.filter((each) => each.host.network === host.network && !predefined.includes(host.network))
    const names = neighbours.map(({ name }) => name)
    return { mappings: host.mounts, rootfs: join(at(id), 'rootfs'), address: settings.privateAddress, names }
  }

  /**
   * A program in a container's environment. `shell`: this machine's `sh` stands in where the image has none, so that
   * one can look around.
   */
  const program = (record: ContainerRecord, [command = '', ...args]: readonly string[], shell = false): Program => {
    const seen = view(record)
    const path = translateList(record.env.PATH ?? '', seen)
    const file = command.includes('/')
      ? locate(command.startsWith('/') ? command : join(record.workingDir, command), seen)
      : (path.map((each) => join(each, command)).find((each) => existsSync(each)) ?? (shell && command === 'sh' ? '/bin/sh' : undefined))
    if (!file || !existsSync(file))
      throw daemon(`failed to create task for container: exec: "${command}": executable file not found in $PATH`, 127)
    const { PATH } = machineEnvironment(folder, settings)
    const env = Object.fromEntries(Object.entries(record.env).map(([name, value]) => [name, translate(value, seen)]))
    // The rest of the PATH is there for scripts, whose first line names programs of this machine.
    const whole = [...path, ...PATH!.split(delimiter)].filter((each) => each !== folder.bin).join(delimiter)
    return {
      file,
      args: args.map((arg) => translate(arg, seen)),
      cwd: locate(record.workingDir, seen) ?? seen.rootfs,
      env: {
        HOME: seen.rootfs,
        HOSTNAME: record.hostname,
        ...env,
        PATH: whole,
        [marker]: settings.instanceId,
        // On the machine's own network it is as near to the metadata service as the machine is.
        ...(record.host.network !== 'host' && { [networkMarker]: record.host.network }),
      },
    }
  }

  /** Lays out the files of a new container: the image's, and the mounts where they belong. */
  const furnish = async ({ id, host }: ContainerRecord, image: LocalImage) => {
    const rootfs = join(at(id), 'rootfs')
    await mergeLayers(images.layers(image), rootfs)
    for (const mapping of host.mounts) {
      if (mapping.type === 'tmpfs') mkdirSync(mapping.source, { recursive: true })
      if (mapping.name) volumes.seed(volumes.create(mapping.name), inside(rootfs, mapping.target))
      // A mount within another one is found by `locate` alone: its place in the outer one belongs to somebody else.
      if (!host.mounts.some(({ target }) => mapping.target.startsWith(`${target}/`))) mount(mapping, rootfs)
    }
  }

  const find = (name: string) => {
    const all = [...containers.values()]
    return (
      all.find(({ record }) => record.name === name.replace(/^\//, '')) ??
      all.find(({ record }) => name.length >= 4 && record.id.startsWith(name))
    )
  }

  const remove = async (container: Container, force: boolean) => {
    const { id, name, state } = container.record
    if (!force && state.status !== 'exited' && state.status !== 'created')
      throw daemon(`cannot remove container "${name}": container is running: stop the container before removing or force remove`)
    await container.stop(0)
    containers.delete(id)
    removeFolder(id)
  }

  return {
    find,
    program,
    remove,
    list: () => [...containers.values()].toSorted((a, b) => b.record.created.localeCompare(a.record.created)),

    /** By name or (the beginning of) its id. @throws Refusal when there is none */
    get(name: string): Container {
      const found = find(name)
      if (!found) throw daemon(`No such container: ${name}`)
      return found
    },

    /** @throws Refusal when the name is in use */
    async create(record: ContainerRecord, image: LocalImage): Promise<Container> {
      const other = find(record.name)
      if (other && other.record.name === record.name)
        throw daemon(
          `Conflict. The container name "/${record.name}" is already in use by container "${other.record.id}". You have to remove (or rename) that container to be able to reuse that name.`,
          125,
        )
      const container = open(record)
      try {
        await furnish(record, image)
        // From here on it is there after a restart of the machine, too.
        container.save()
      } catch (error) {
        containers.delete(record.id)
        removeFolder(record.id)
        throw error
      }
      return container
    },

    /** Starts it, once its ports are free. */
    async start(container: Container, attached?: Attached) {
      const { name, id, host, state } = container.record
      if (state.status === 'running') return
      for (const { host: address, port } of host.ports) {
        const reason = await whyTaken(port, settings.privateAddress)
        if (reason === undefined) continue
        if (reason.code !== 'EADDRINUSE') throw reason
        throw daemon(
          `failed to set up container networking: driver failed programming external connectivity on endpoint ${name} (${id}): Bind for ${address || '0.0.0.0'}:${port} failed: port is already allocated`,
          125,
        )
      }
      await container.start(attached)
      if (host.autoRemove)
        void container.wait().then(async () => {
          if (containers.has(id)) await remove(container, true)
        })
    },

    /** Ends a process of a container for its memory. */
    outOfMemory(id: string, pid: number) {
      const container = containers.get(id)!
      container.outOfMemory(pid)
      oomEvents.push({ at: Date.now(), record: container.record })
      oomEvents.splice(0, Math.max(oomEvents.length - keptEvents, 0))
    },
    oomEvents: (): readonly OomEvent[] => oomEvents,

    async boot() {
      for (const container of containers.values()) {
        const { record } = container
        const { status } = record.state
        if (status === 'created') continue
        if (status !== 'exited') container.lost()
        const { name } = record.host.restart
        if (name === 'no' || (name === 'unless-stopped' && record.stoppedByUser)) continue
        try {
          await container.start()
        } catch (error) {
          console.error(`container ${record.name} does not start: ${(error as Error).message}`)
        }
      }
    },

    async powerOff() {
      await Promise.all([...containers.values()].map((container) => container.powerOff()))
    },
  }
}
