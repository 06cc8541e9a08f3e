import { spawn } from 'node:child_process'
import { shellOnEmbeddedCloud } from '../access.ts'
import { startSession, type TerminalProgram } from '../aws/session.ts'
import { Failure } from '../report/failure.ts'
import { machinesOf } from './stage/keep.ts'
import { refuseUnknownService } from './stage/ports.ts'
import type { Stage } from './stage/stage.ts'
import { lookAt } from './state/stage-state.ts'

/** How a shell in a service's container is started on the machine. */
function shellIn(service: string, prefix: string): string {
  return `${prefix}docker exec -it ${service} sh`
}

/**
 * The program that gives a shell on the machine of the serving release, or in one of its containers.
 * @param release whose machine it is to be instead, as `--release` gives it
 * @throws Failure when nothing runs, the service is not one of the config, or the release has no machine
 */
export async function sessionProgram({ config, clients }: Stage, service: string | undefined, release?: string): Promise<TerminalProgram> {
  if (service !== undefined) refuseUnknownService(config, service)
  const { serving, instances, releases } = await lookAt(clients, config)
  const machine = release === undefined ? serving?.instance : machinesOf(instances, Number(release))[0]
  if (!machine && release !== undefined)
    throw new Failure(`Release ${release} has no machine`, {
      on: `stage ${config.stage} of ${config.app}`,
      likely: `Releases that have one: ${releases.join(', ') || 'none'}.`,
    })
  if (!machine)
    throw new Failure('There is no machine to open a session on', {
      on: `stage ${config.stage} of ${config.app}`,
      next: `npx zx scripts/deploy.mjs --stage ${config.stage}`,
    })
  // Session Manager's own user is no member of the docker group.
  if (config.target === 'aws') return startSession(clients, machine.id, service && shellIn(service, 'sudo '))

  return { file: 'sh', args: service ? ['-c', shellIn(service, '')] : ['-i'], ...(await shellOnEmbeddedCloud(config, machine.id)) }
}

/**
 * Gives this terminal to a program until it ends.
 * @returns its exit code
 * @throws Failure when it is not installed
 */
export async function giveTerminalTo(program: TerminalProgram): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      stdio: 'inherit',
      env: { ...(program.cwd ? {} : process.env), ...program.env },
      ...(program.cwd ? { cwd: program.cwd } : {}),
    } as const
    // Ctrl-C belongs to what runs in the session; this process must outlive it.
    const ignore = () => undefined
    process.on('SIGINT', ignore)
    spawn(program.file, program.args, options)
      .on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? notInstalled(program.file) : error))
      .on('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)))
      .on('close', () => process.off('SIGINT', ignore))
  })
}

function notInstalled(file: string): Failure {
  return new Failure(`${file} is not installed`, {
    on: 'this machine',
    likely: 'Sessions on AWS are shown by a program of AWS that comes apart from the AWS CLI.',
    next: 'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html',
  })
}
