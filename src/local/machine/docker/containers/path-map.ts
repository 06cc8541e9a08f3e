import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inside } from '../images/jail.ts'

/** A folder or file of this machine that stands at a path in a container. */
export interface Mapping {
  /** Absolute path in the container. */
  readonly target: string
  /** Absolute path on this machine. */
  readonly source: string
}

/** How a container sees the world, said in terms of this machine. */
export interface View {
  /** Mounts in any order. */
  readonly mappings: readonly Mapping[]
  /** The folder with the image's files. */
  readonly rootfs: string
  /** The instance's address: a plain process has no network of its own. */
  readonly address: string
  /** Names that mean the instance: those of the containers on the same network. */
  readonly names: readonly string[]
}

/**
 * Where an absolute path of a container lies on this machine; undefined when the image has no such path and it is no
 * mount. A file that does not exist yet lies in its folder, if the image has that.
 */
export function locate(path: string, { mappings, rootfs }: View): string | undefined {
  const clean = join('/', path)
  const under = ({ target }: Mapping) => clean === target || clean.startsWith(target === '/' ? '/' : `${target}/`)
  const mount = mappings.filter(under).toSorted((a, b) => b.target.length - a.target.length)[0]
  if (mount) return join(mount.source, clean.slice(mount.target.length))
  const file = inside(rootfs, clean)
  const known = existsSync(file) || (dirname(clean) !== '/' && existsSync(inside(rootfs, dirname(clean))))
  return known ? file : undefined
}

/**
 * Rewrites an argument or the value of a variable for a plain process: an absolute path that the container has, alone
 * or after the first `=`; `0.0.0.0`; and `name:port` for a container on the same network. Everything else, such as a
 * route of a web server, is left alone.
 */
export function translate(text: string, view: View): string {
  const [, before = '', path] = /^([^/]*=)?(\/.*)$/s.exec(text) ?? []
  const file = path === undefined || (before !== '' && !/^[\w.-]*=$/.test(before)) ? undefined : locate(path, view)
  if (file !== undefined) return `${before}${file}`
  return hosts(text, view)
}

/** The folders of a PATH-like list that exist in the container, as they lie here. */
export function translateList(text: string, view: View): string[] {
  return text.split(':').flatMap((path) => {
    const file = path.startsWith('/') ? locate(path, view) : undefined
    return file !== undefined && existsSync(file) ? [file] : []
  })
}

/** Replaces addresses and names that a network of its own would have given a meaning to. */
export function hosts(text: string, { address, names }: View): string {
  const everywhere = text.replace(/(?<![\d.])0\.0\.0\.0(?![\d.])/g, address)
  if (names.length === 0) return everywhere
  const name = names.map((each) => each.replace(/[.\\^$*+?()[\]{}|]/g, '\\$&')).join('|')
  return everywhere.replace(new RegExp(`(?<![\\w.-])(?:${name})(?=:\\d)`, 'g'), address)
}
