import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quote } from '../../report/quote.ts'
import { readWhole, writeWhole } from '../files/whole.ts'
import { startAgent } from './agent.ts'
import { runScript } from './commands/script.ts'
import { startStandIn } from './docker/engine.ts'
import { startDockerd } from './dockerd/dockerd.ts'
import { machineEnvironment } from './environment.ts'
import { folderAt, type InstanceFolder, type Settings } from './folder.ts'
import { installPrograms } from './machine-image.ts'
import { startMetadata } from './metadata/metadata.ts'
import { closeToOthers } from './packet-filter.ts'
import { identify, processesOf, signal } from './process-table.ts'
import { bootRoutes } from './routes.ts'

/** What a machine tells the cloud about itself, in `outbox/process.json`. */
export interface MachineProcess {
  readonly pid: number
  readonly started: string
  /** Set once it has booted as far as a virtual machine that is `running` has. */
  readonly ready: boolean
}

/** What the agent tells: since when it is registered (ISO 8601), in `outbox/agent.json`. */
export interface Registration {
  readonly since: string
}

/**
 * Runs an instance: its metadata service, its container engine, its user data once, its agent. It outlives the cloud
 * that started it.
 *
 * @param path the instance's folder, which holds `settings.json`
 */
export async function startMachine(path: string): Promise<void> {
  const folder = folderAt(path)
  const settings = readWhole<Settings>(folder.settings)
  if (settings === undefined) throw new Error(`${path} is not the folder of an instance`)
  for (const each of [folder.inbox, folder.outbox, folder.commands, folder.bin, folder.root]) mkdirSync(each, { recursive: true })
  const self = identify(process.pid)!
  writeWhole(join(folder.outbox, 'process.json'), { ...self, ready: false } satisfies MachineProcess)
  const closed = closeToOthers({
    name: settings.instanceId,
    folder: folder.path,
    addresses: [settings.privateAddress, ...settings.secondaryAddresses],
  })
  const metadata = await startMetadata(folder, settings)
  installPrograms(folder, settings, metadata)
  const engine = await (settings.engine === 'docker' ? startDockerd(folder, settings, metadata) : startStandIn(folder, settings))
  try {
    // Nothing of the instance listens before others are kept away.
    await closed
    bootRoutes(folder)
    await engine.boot()
  } catch (error) {
    const [message = ''] = (error as Error).message.split('\n')
    // Why it does not come up, in one line.
    writeWhole(join(folder.outbox, 'failure.json'), { message })
    throw error
  }
  writeWhole(join(folder.outbox, 'process.json'), { ...self, ready: true } satisfies MachineProcess)

  const restart = async () => {
    await engine.powerOff()
    for (const pid of processesOf(settings.instanceId)) signal(pid, 'SIGKILL')
    await sleep(settings.bootSeconds * 1000)
    bootRoutes(folder)
    await engine.boot()
    void runEachBoot(folder, settings)
  }
  let rebooting: Promise<void> | undefined
  /** Who wishes it while it reboots gets the same reboot. */
  const reboot = () => {
    rebooting ??= restart().finally(() => {
      rebooting = undefined
    })
    return rebooting
  }
  await sleep(settings.bootSeconds * 1000)
  // In cloud-init's order: what user data lays down for each boot runs from the next one on.
  void runEachBoot(folder, settings).then(() => runUserData(folder, settings))
  startAgent(folder, settings, reboot)
  writeWhole(join(folder.outbox, 'agent.json'), { since: new Date().toISOString() } satisfies Registration)
}

/**
 * Runs what is to run at each boot, as cloud-init does, one after the other; what fails is told and holds up nothing.
 */
async function runEachBoot(folder: InstanceFolder, settings: Settings): Promise<void> {
  const scripts = join(folder.root, 'var/lib/cloud/scripts/per-boot')
  for (const name of (existsSync(scripts) ? readdirSync(scripts) : []).sort()) {
    const own = join(folder.path, 'per-boot', name)
    const { ended } = runScript(
      `#!/bin/sh\nexec ${quote(join(scripts, name))}\n`,
      own,
      folder.root,
      machineEnvironment(folder, settings),
      86_400,
    )
    const { code, stdout, stderr } = await ended
    if (code !== 0) console.error(`${name}, which runs at each boot, ended with ${code}: ${stdout}${stderr}`)
  }
}

/**
 * Runs the user data at the first boot only, as cloud-init does; its output goes where cloud-init puts it. Anything but
 * a script is ignored.
 */
async function runUserData(folder: InstanceFolder, settings: Settings): Promise<void> {
  const own = join(folder.path, 'user-data')
  const text = Buffer.from(settings.userData ?? '', 'base64').toString('utf8')
  if (!text.startsWith('#!') || existsSync(own)) return
  const log = join(folder.root, 'var/log/cloud-init-output.log')
  mkdirSync(dirname(log), { recursive: true })
  mkdirSync(own)
  writeFileSync(join(own, 'part-001'), text, { mode: 0o700 })
  const script = `#!/bin/sh\nexec ${quote(join(own, 'part-001'))} >${quote(log)} 2>&1\n`
  const { ended } = runScript(script, own, folder.root, machineEnvironment(folder, settings), 86_400)
  const { code } = await ended
  writeFileSync(join(own, 'result'), `${code}\n`)
  // On AWS it is on the console as well.
  console.error(`${readFileSync(log, 'utf8')}the user data ended with ${code}`)
}
