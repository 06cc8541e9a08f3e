import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What a native binary says about itself. */
export interface Binary {
  readonly platform: 'linux' | 'darwin'
  /** `amd64` or `arm64`. */
  readonly architecture: string
  /**
   * The shared libraries it is linked against, by name, and the folders beside it in which the loader looks for them,
   * absolute.
   */
  readonly needed: readonly string[]
  readonly folders: readonly string[]
  /** Linked against musl, which the usual images of Node do not have. */
  readonly musl: boolean
}

/** ELF's `e_machine` and Mach-O's `cputype`. */
const elfMachines: Readonly<Record<number, string>> = { 62: 'amd64', 183: 'arm64' }
const machTypes: Readonly<Record<number, string>> = { 16777223: 'amd64', 16777228: 'arm64' }

/**
 * Entries of ELF's dynamic section, and the kind of section it is:
 * https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html
 */
const dynamicSection = 6
const tag = { needed: 1n, rpath: 15n, runpath: 29n } as const

/**
 * Reads the head of a shared library or addon: for which machine it is, and what it is linked against. Works for
 * binaries of any machine, where `ldd` works only for those of this one.
 *
 * @param file absolute path
 * @returns undefined when it is neither a 64-bit ELF file nor a Mach-O one for a machine that we know
 */
export async function readBinary(file: string): Promise<Binary | undefined> {
  const bytes = await readFile(file)
  if (bytes.length < 64) return undefined
  // The first four bytes are the magic number; the next two say 64 bits, least significant byte first.
  if (bytes.readUInt32BE(0) === 0x7f454c46 && bytes.readUInt16BE(4) === 0x0201) return elf(bytes, dirname(file))
  if (bytes.readUInt32LE(0) === 0xfeedfacf) {
    const architecture = machTypes[bytes.readUInt32LE(4)]
    return architecture ? { platform: 'darwin', architecture, needed: [], folders: [], musl: false } : undefined
  }
  return undefined
}

function elf(bytes: Buffer, folder: string): Binary | undefined {
  const architecture = elfMachines[bytes.readUInt16LE(18)]
  if (!architecture) return undefined
  const headers = Number(bytes.readBigUInt64LE(40))
  const [size, count] = [bytes.readUInt16LE(58), bytes.readUInt16LE(60)]
  const section = (index: number) => {
    const at = headers + index * size
    const number = (offset: number) => Number(bytes.readBigUInt64LE(at + offset))
    return { type: bytes.readUInt32LE(at + 4), start: number(24), bytes: number(32), link: bytes.readUInt32LE(at + 40) }
  }
  const sections = Array.from({ length: count }, (_, index) => section(index))
  const dynamic = sections.find(({ type }) => type === dynamicSection)
  const strings = dynamic && sections[dynamic.link]
  const entries: { name: bigint; text: string }[] = []
  for (let at = dynamic?.start ?? 0; strings && at < dynamic!.start + dynamic!.bytes; at += 16) {
    const name = bytes.readBigUInt64LE(at)
    if (name !== tag.needed && name !== tag.rpath && name !== tag.runpath) continue
    const start = strings.start + Number(bytes.readBigUInt64LE(at + 8))
    entries.push({ name, text: bytes.toString('utf8', start, bytes.indexOf(0, start)) })
  }
  const needed = entries.filter(({ name }) => name === tag.needed).map(({ text }) => text)
  const searched = entries.filter(({ name }) => name !== tag.needed).flatMap(({ text }) => text.split(':'))
  const relative = searched.map((path) => /^\$(?:ORIGIN|\{ORIGIN\})(.*)$/.exec(path)?.[1]).filter((path) => path !== undefined)
  return {
    platform: 'linux',
    architecture,
    needed,
    folders: relative.map((path) => join(folder, path)),
    musl: needed.some((name) => /^(libc\.musl|ld-musl)/.test(name)),
  }
}
