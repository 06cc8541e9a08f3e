import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writing } from '../../report/no-space.ts'
import { writeWhole } from '../../report/whole-file.ts'
import type { Layer } from '../blob.ts'
import { type Entry, fileLayer, layerOfFile } from '../layer.ts'

interface Note {
  readonly fingerprint: string
  readonly digest: string
  readonly size: number
}

/**
 * A layer that is kept between builds, because it is big and changes rarely: a program with its libraries, native
 * packages, a model.
 *
 * @param cacheFolder where it is kept, one layer a label
 * @param label names the layer; part of a file name
 * @param entries what is in it
 * @param seen whatever tells that the entries are the same as last time, such as sizes and times of files; any JSON
 */
export async function keptLayer(cacheFolder: string, label: string, entries: readonly Entry[], seen: unknown): Promise<Layer> {
  const fingerprint = createHash('sha256').update(JSON.stringify(seen)).digest('hex')
  return (await cached(cacheFolder, label, fingerprint)) ?? (await make(cacheFolder, label, fingerprint, entries))
}

async function cached(cacheFolder: string, label: string, fingerprint: string): Promise<Layer | undefined> {
  const note = await readNote(join(cacheFolder, `${label}.json`))
  if (note?.fingerprint !== fingerprint) return undefined
  const file = join(cacheFolder, archiveOf(label, fingerprint))
  const facts = await stat(file).catch(() => undefined)
  return facts?.size === note.size ? layerOfFile(file, note.digest, note.size) : undefined
}

function archiveOf(label: string, fingerprint: string): string {
  return `${label}-${fingerprint.slice(0, 16)}.tar`
}

/** A note that is not there, or that a power cut left empty, only means that the layer is made again. */
async function readNote(file: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}

async function make(cacheFolder: string, label: string, fingerprint: string, entries: readonly Entry[]): Promise<Layer> {
  await writing(cacheFolder, mkdir(cacheFolder, { recursive: true, mode: 0o700 }))
  const archive = archiveOf(label, fingerprint)
  const layer = await fileLayer(entries, join(cacheFolder, archive))
  const note: Note = { fingerprint, digest: layer.digest, size: layer.size }
  await writeWhole(join(cacheFolder, `${label}.json`), (partial) => writeFile(partial, JSON.stringify(note)))
  await removeOlder(cacheFolder, label, archive)
  return layer
}

/** What an older version left, or a build that was killed, is many megabytes that nobody asks for again. */
async function removeOlder(cacheFolder: string, label: string, archive: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    const file = join(cacheFolder, name)
    const [, own, rest] = /^(.+)-[0-9a-f]{16}\.tar(.*)$/.exec(name) ?? []
    if (own !== label || name === archive) continue
    // Half an archive may be another deploy's, at work right now.
    const age = rest ? Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now()) : Number.POSITIVE_INFINITY
    if (age > 10 * 60 * 1000) await rm(file, { force: true })
  }
}
