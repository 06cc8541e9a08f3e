import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Where the file of this blob lies, whether it is there or not. */
export function blobFile(folder: string, digest: string): string {
  return join(blobFolder(folder), digest.slice('sha256:'.length))
}

function blobFolder(folder: string): string {
  return join(folder, 'registry', 'blobs', 'sha256')
}

/** Where uploads are collected until their digest has been checked. */
export function uploadFolder(folder: string): string {
  return join(folder, 'registry', 'uploads')
}

/** Whether the file of this blob is there: it is complete and right, because it got its name last. */
export function hasBlob(folder: string, digest: string): boolean {
  return existsSync(blobFile(folder, digest))
}

/**
 * Gives a finished upload, whose content has been synced, the name of its digest. In one turn of the event loop, so
 * that nothing can remove the file between its arrival and the record that needs it.
 */
export function adoptBlob(folder: string, digest: string, upload: string): void {
  const file = blobFile(folder, digest)
  mkdirSync(blobFolder(folder), { recursive: true })
  renameSync(upload, file)
  const directory = openSync(blobFolder(folder), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** At the start: forgets half an upload, and files whose record was never written or is gone. */
export function sweep(folder: string, needed: ReadonlySet<string>): void {
  rmSync(uploadFolder(folder), { recursive: true, force: true })
  const blobs = blobFolder(folder)
  const files = existsSync(blobs) ? readdirSync(blobs) : []
  for (const file of files) if (!needed.has(`sha256:${file}`)) rmSync(join(blobs, file), { force: true })
}
