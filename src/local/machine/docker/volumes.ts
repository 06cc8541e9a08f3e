import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeOwnFolder } from '../../files/own-folder.ts'
import { readWhole, writeWhole } from '../../files/whole.ts'
import { memoryOwner } from '../folder.ts'
import { daemon } from './refusal.ts'

export interface Volume {
  readonly name: string
  readonly created: string
  /** As they were given: `type=tmpfs` makes it one in memory, which is empty after every boot. */
  readonly options: Readonly<Record<string, string>>
  /** Where its content lies. */
  readonly folder: string
}

export type Volumes = ReturnType<typeof openVolumes>

/**
 * @param folder where the volumes on the disk lie
 * @param memory where those in memory lie
 */
export function openVolumes(folder: string, memory: string) {
  const root = join(folder, 'volumes')
  const meta = (name: string) => join(root, name, 'volume.json')
  const find = (name: string): Volume | undefined => {
    const kept = readWhole<Omit<Volume, 'folder'>>(meta(name))
    return kept && { ...kept, folder: kept.options.type === 'tmpfs' ? join(memory, name) : join(root, name, '_data') }
  }
  const list = () => (existsSync(root) ? readdirSync(root) : []).map(find).filter((volume) => volume !== undefined)
  const make = (volume: Volume) => {
    // Everybody may make folders beside this one: one that somebody else has put there would show them what is written
    // into it.
    if (volume.options.type === 'tmpfs') {
      makeOwnFolder(memory)
      writeFileSync(join(memory, memoryOwner), folder, { mode: 0o600 })
    }
    mkdirSync(volume.folder, { recursive: true, mode: 0o700 })
  }
  return {
    find,
    list,

    /** Makes it unless it is there. */
    create(name: string, options: Volume['options'] = {}): Volume {
      if (!/^[a-zA-Z0-9][\w.-]*$/.test(name)) throw daemon(`create ${name}: "${name}" includes invalid characters for a local volume name`)
      for (const [key, value] of Object.entries(options)) {
        const known = ((key === 'type' || key === 'device') && value === 'tmpfs') || key === 'o'
        if (!known || options.type !== 'tmpfs')
          throw daemon(`create ${name}: invalid option: ${key}=${value} (the stand-in for docker has tmpfs only)`)
      }
      const known = find(name)
      if (known) return known
      writeWhole(meta(name), { name, options, created: new Date().toISOString() })
      make(find(name)!)
      return find(name)!
    },

    /** Gives an empty volume the content that the image has at the place where it is mounted, as docker does. */
    seed(volume: Volume, from: string): void {
      if (existsSync(from) && readdirSync(volume.folder).length === 0)
        cpSync(from, volume.folder, { recursive: true, verbatimSymlinks: true })
    },

    remove({ name, folder }: Volume): void {
      rmSync(folder, { recursive: true, force: true })
      rmSync(join(root, name), { recursive: true, force: true })
    },

    /** Empties those in memory, as a machine does that is switched on. */
    boot(): void {
      rmSync(memory, { recursive: true, force: true })
      for (const volume of list()) make(volume)
    },
  }
}
