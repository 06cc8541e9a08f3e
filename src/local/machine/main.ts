import { rmSync, statSync } from 'node:fs'
import { readWhole } from '../files/whole.ts'
import { logForever } from '../process/log.ts'
import { removeTraces } from './dockerd/traces.ts'
import { folderAt, memoryFolder, type Settings } from './folder.ts'
import { startMachine } from './machine.ts'
import { processesOf, signal } from './process-table.ts'

/** The machine's process: `node main.ts <the instance's folder>`, started by the machine room. */
logForever()
const path = process.argv[2]!
process.chdir(path)
// As the cloud that started it, which may be one of an older release.
process.umask(0o077)
const folder = folderAt(path)
const settings = readWhole<Settings>(folder.settings)

// A folder that is removed by hand must not leave a machine behind that nobody can find any more. The cloud may have
// made another one in its place.
const { ino } = statSync(path)
setInterval(async () => {
  if (statSync(path, { throwIfNoEntry: false })?.ino === ino || settings === undefined) return
  rmSync(memoryFolder(folder, settings.instanceId), { recursive: true, force: true })
  for (const pid of processesOf(settings.instanceId)) signal(pid, 'SIGKILL')
  await removeTraces(settings.instanceId).catch((error: Error) => console.error(error.message))
  process.exit(1)
}, 1000).unref()

// Who switches a machine off kills whatever it leaves behind.
process.on('SIGTERM', () => process.exit(0))
await startMachine(path)
