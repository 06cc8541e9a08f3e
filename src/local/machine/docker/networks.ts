import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readWhole, writeWhole } from '../../files/whole.ts'
import { daemon } from './refusal.ts'

/** A network: it only decides whose names mean the instance, for plain processes share the instance's address. */
export interface Network {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly created: string
}

/** Docker's own networks, which cannot be removed. */
export const predefined = ['bridge', 'host', 'none']

export function openNetworks(folder: string) {
  const file = join(folder, 'networks.json')
  const fresh = (name: string, driver: string): Network => {
    return { id: randomBytes(32).toString('hex'), name, driver, created: new Date().toISOString() }
  }
  let networks = readWhole<Network[]>(file) ?? predefined.map((name) => fresh(name, name === 'none' ? 'null' : name))
  const save = (next: Network[]) => {
    writeWhole(file, next)
    networks = next
  }
  return {
    list: () => networks,

    /** By name or (the beginning of) its id. */
    find: (name: string) => networks.find((each) => each.name === name || (name.length >= 4 && each.id.startsWith(name))),

    /** @throws Refusal when there is none */
    get(name: string): Network {
      const found = this.find(name)
      if (!found) throw daemon(`network ${name} not found`)
      return found
    },

    create(name: string): Network {
      if (!/^[a-zA-Z0-9][\w.-]*$/.test(name)) throw daemon(`${name} includes invalid characters for a network name`)
      if (networks.some((each) => each.name === name)) throw daemon(`network with name ${name} already exists`)
      const network = fresh(name, 'bridge')
      save([...networks, network])
      return network
    },

    remove({ id, name }: Network): void {
      if (predefined.includes(name)) throw daemon(`${name} is a pre-defined network and cannot be removed`)
      save(networks.filter((each) => each.id !== id))
    },
  }
}
