import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readWhole, writeWhole } from '../folder.ts'
import { daemon } from './refusal.ts'

export interface Volume {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly created: string
  /** Where its content lies. */
  readonly folder: string
}

export interface Volumes {
  list(): Volume[]
  find(name: string): Volume | undefined
  /** Makes it unless it is there. */
  create(name: string, labels?: Readonly<Record<string, string>>): Volume
  /** Gives an empty volume the content that the image has at the place where it is mounted, as docker does. */
  seed(volume: Volume, from: string): void
  remove(volume: Volume): void
}

export function openVolumes(folder: string): Volumes {
  const root = join(folder, 'volumes')
  const meta = (name: string) => join(root, name, 'volume.json')
  const find = (name: string): Volume | undefined => {
    const kept = readWhole<Omit<Volume, 'folder'>>(meta(name))
    return kept && { ...kept, folder: join(root, name, '_data') }
  }
  return {
    find,
    list: () => (existsSync(root) ? readdirSync(root) : []).map(find).filter((volume) => volume !== undefined),

    create(name, labels = {}) {
      if (!/^[a-zA-Z0-9][\w.-]*$/.test(name)) throw daemon(`create ${name}: "${name}" includes invalid characters for a local volume name`)
      const known = find(name)
      if (known) return known
      mkdirSync(join(root, name, '_data'), { recursive: true })
      writeWhole(meta(name), { name, labels, created: new Date().toISOString() })
      return find(name)!
    },

    seed(volume, from) {
      if (existsSync(from) && readdirSync(volume.folder).length === 0)
        cpSync(from, volume.folder, { recursive: true, verbatimSymlinks: true })
    },

    remove: ({ name }) => rmSync(join(root, name), { recursive: true, force: true }),
  }
}
