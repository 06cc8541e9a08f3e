// Run by a test with a temp folder on a disk of 2 MiB: pushes what fits, then what does not, and prints what came of
// it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '../../../src/image/blob.ts'
import { errorOf, startRegistry } from '../../support/registry.ts'

const registry = await startRegistry()
registry.call('CreateRepository', { repositoryName: 'app' })
const headers = { authorization: registry.authorization() }
const upload = (body: Buffer<ArrayBuffer>) =>
  fetch(`${registry.origin}/v2/app/blobs/uploads/?digest=${digestOf(body)}`, { method: 'POST', headers, body })
await upload(Buffer.from('fits'))
const refused = await upload(Buffer.alloc(4 << 20))
const kept = await fetch(`${registry.origin}/v2/app/blobs/${digestOf('fits')}`, { headers })
const left = readdirSync(join(registry.folder, 'registry/uploads')).length
console.log(JSON.stringify({ status: refused.status, message: (await errorOf(refused)).message, kept: kept.status, left }))
await registry.close()
