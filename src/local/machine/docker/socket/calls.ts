import { once } from 'node:events'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { accepts } from '../../../api/listen.ts'
import type { InstanceFolder } from '../../folder.ts'
import { type EngineCall, receive } from './engine-call.ts'

/**
 * Takes the calls of the instance's programs that are answered by the machine's process (`cli.ts` sends them).
 *
 * @param answer ends the call by `exit`
 * @throws Error when another machine process has this folder already
 */
export async function listenForCalls(folder: InstanceFolder, answer: (call: EngineCall) => Promise<void>): Promise<void> {
  mkdirSync(folder.docker, { recursive: true })
  // The path of a Unix socket may have 104 bytes only, so it is named relative to the folder that the machine's process
  // stands in.
  const path = process.cwd() === folder.path ? 'docker.sock' : join(folder.path, 'docker.sock')
  if (await accepts({ path })) throw new Error(`another process runs the machine in ${folder.path}`)
  rmSync(path, { force: true })
  const server = createServer((socket) => receive(socket, (call) => void answer(call)))
  await once(server.listen(path), 'listening')
  chmodSync(path, 0o600)
}
